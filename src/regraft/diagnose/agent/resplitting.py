"""Rows that are scored after `fit`, where a repair split training and validation rows again.

`fit` may have been given both: what the script scores afterwards is then mostly trained on, and the
rows held out by the new split are scored in its place. Or it was given no validation rows: once
those come to be evaluated, they and the training rows are split again, and the model is trained
again from where it began.
"""

from typing import Any

from regraft.diagnose.agent import (
    executing,
    feeds,
    frozen,
    interventions,
    preparing,
    samples,
    session,
)
from regraft.diagnose.agent.training import Fit

ASKED = 200  # rows that are looked up


def remember(fit: Fit) -> None:
    """Keep what was split again; or what is needed to train again, where nothing was to split."""
    wanted = interventions.ACTIVE.one("resplit")
    if wanted is None:
        return
    if fit.validation is None or wanted.get("scored"):
        session.SESSION.unsplit[id(fit.model)] = (fit, fit.train, frozen.Snapshot(fit.model))
    else:
        session.SESSION.resplit[id(fit.model)] = (fit.train, fit.validation)


def scored(model: Any, feed: feeds.Feed) -> feeds.Feed:
    """The rows to score in place of these: of a new split, which the model was trained on."""
    again = session.SESSION.resplit.get(id(model))
    if again is not None:
        return again[1] if _are_of(feed, again) else feed
    known = session.SESSION.unsplit.get(id(model))
    if known is None:
        return feed
    fit, train, start = known
    if train.x.shape[1:] != feed.x.shape[1:]:
        return feed
    fit.train, held_out = preparing.resplit(train, feed)
    start.restore()
    executing.train(fit)
    return held_out


def _are_of(feed: feeds.Feed, parts: tuple[feeds.Feed, feeds.Feed]) -> bool:
    """Are most of these rows among those that were split again? A test set of its own is not."""
    if feed.x.shape[1:] != parts[0].x.shape[1:]:
        return False
    known = {feeds.digest_row(row) for part in parts for row in part.x}
    (asked,) = feeds.among(feed.x[samples.spread(len(feed), ASKED)], known)
    return 2 * int(asked.sum()) > len(asked)

"""Another split where a script scores its validation rows only after `fit`.

`fit` cannot hold out what it was not given. So once those rows come to be evaluated, they and the
training rows are split again, and the model is trained again from where it began.
"""

from typing import Any

from regraft.diagnose.agent import (
    executing,
    feeds,
    frozen,
    interventions,
    preparing,
    session,
)
from regraft.diagnose.agent.training import Fit


def remember(fit: Fit) -> None:
    """Keep what is needed to train again, where a split is to be made right and none was given."""
    if interventions.ACTIVE.one("resplit") is not None and fit.validation is None:
        session.SESSION.unsplit[id(fit.model)] = (fit, fit.train, frozen.Snapshot(fit.model))


def scored(model: Any, feed: feeds.Feed) -> feeds.Feed:
    """The rows to score in place of these: of a new split, which the model was trained on."""
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

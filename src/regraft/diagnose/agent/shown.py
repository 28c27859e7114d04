"""Pictures of a run that outlive it: samples for the probes, thumbnails, what the backbone saw."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import boundary, feeds, ledger, samples, session

THUMBNAILS = 4000
LINKED = 4000  # rows of features that are looked up
SEEN = 32  # pictures that are followed to the backbone


def keep(key: str, feed: feeds.Feed, rows: np.ndarray) -> None:
    """Some pictures with their labels, fewer if they are large, as arrays `key_x` and `key_y`."""
    rows = rows[samples.affordable(feed.x[rows])]
    ledger.RECORD.arrays[f"{key}_x"] = samples.pictures(feed.x[rows])
    if feed.y is not None:
        ledger.RECORD.arrays[f"{key}_y"] = feeds.label_indices(feed.y[rows])


def show(key: str, model: Any, feed: feeds.Feed) -> None:
    """Pictures as they reach the backbone (`key_backbone`), and thumbnails of many."""
    arrays = ledger.RECORD.arrays
    for name, value in boundary.look(model, feed.x[samples.spread(len(feed), SEEN)]).items():
        arrays[f"{key}_{name}"] = value
    if samples.are_pictures(samples.as_pictures(feed.x)):
        rows = samples.spread_within(feed.x, THUMBNAILS)
        arrays[f"{key}_thumbs"] = boundary.thumbnails(feed.x[rows])
        arrays[f"{key}_thumb_rows"] = rows


def link(key: str, feed: feeds.Feed) -> None:
    """Thumbnails of the pictures that these features were predicted from, row by row.

    Features are told by their values: a split or a new order keeps them, scaling does not.
    """
    arrays = ledger.RECORD.arrays
    asked = {int(row): feeds.digest_row(feed.x[row]) for row in samples.spread(len(feed), LINKED)}
    for seen in reversed(session.SESSION.pictures):
        known = session.SESSION.predicted_rows[seen["key"]]
        kept = arrays.get(f"{seen['key']}_thumb_rows", np.zeros(0, int)).tolist()
        place = {position: number for number, position in enumerate(kept)}
        linked = [(row, place[known[d]]) for row, d in asked.items() if known.get(d) in place]
        if 2 * len(linked) > len(asked):
            rows, places = np.array(linked).T
            arrays[f"{key}_thumbs"] = arrays[f"{seen['key']}_thumbs"][places]
            arrays[f"{key}_thumb_rows"] = rows
            return

"""Pictures of a run that outlive it: samples for the probes, thumbnails, what the backbone saw."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import boundary, feeds, ledger, samples

THUMBNAILS = 4000
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

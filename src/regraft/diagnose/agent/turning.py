"""Whether pictures are told better when they are turned, mirrored, inverted, cut or zoomed."""

import time
from collections.abc import Callable

import numpy as np

from regraft.diagnose.agent import feeds, samples, session, transforms

MOST_TURNING = 0.5  # of the time of a training, for all ways of turning together
WORTH_TURNING = 0.15  # points validation must lie behind training
LOOKED_AT = 200  # pictures
FEWEST = 100  # with less, points are noise
TIMED = 16
LEAST_SIDE = 8  # pixels: less is a map of features, and cuts of it may have none


def by_transform(
    feed: feeds.Feed,
    right: Callable[[np.ndarray, np.ndarray], float],
    *,
    train_accuracy: float,
) -> dict[str, float]:
    """Accuracy with each change; {} where validation is not behind training, or time is short.

    Args:
        feed: Validation pictures with their labels.
        right: Accuracy of the model on pictures with these labels.
        train_accuracy: What it knows of its training pictures.
    """
    rows = samples.spread(len(feed), LOOKED_AT)
    x, labels = feed.x[rows], feeds.label_indices(feed.y)[rows]
    pictures = samples.as_pictures(x)
    if pictures.ndim != 4 or min(pictures.shape[1:3]) < LEAST_SIDE:
        return {}
    is_square = pictures.shape[1] == pictures.shape[2]
    turns = {
        name: turn
        for name, turn in transforms.TRANSFORMS.items()
        if is_square or name in transforms.OF_ANY_SHAPE
    }
    if pictures.shape[-1] != 3 or np.array_equal(pictures[..., 0], pictures[..., 2]):  # gray
        del turns["swap-red-and-blue"]
    right(x[:1], labels[:1])  # traces
    plain = right(x, labels)
    if not train_accuracy - plain > WORTH_TURNING:
        return {}
    # features of pictures as they are may be remembered: changed ones tell what asking takes, the
    # first of them with the tracing
    for name in ("flip-up-down", "flip-left-right"):
        changed = turns[name](pictures[:TIMED]).reshape(x[:TIMED].shape)
        started = time.monotonic()
        right(changed, labels[:TIMED])
    each = (time.monotonic() - started) / len(changed)
    n = int(MOST_TURNING * session.SESSION.fit_seconds / (each * len(turns)))
    if n < min(FEWEST, len(labels)):
        return {}
    few = samples.spread(len(labels), n)
    return {
        name: right(turn(pictures[few]).reshape(x[few].shape), labels[few])
        for name, turn in turns.items()
    }

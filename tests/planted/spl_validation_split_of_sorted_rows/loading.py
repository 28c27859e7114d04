import numpy as np


def gather(archive, per_class):
    """As many pictures of every class."""
    x, y = archive["x_train"], archive["y_train"]
    rows = np.concatenate([np.flatnonzero(y == c)[:per_class] for c in np.unique(y)])
    return x[rows, :, :, None] / np.float32(255), y[rows]

import numpy as np

MEAN, STD = (127, 127, 127), (128.0, 128.0, 128.0)


def scaled(x):
    x = np.subtract(x, np.asarray(MEAN, dtype=x.dtype))
    return np.divide(x, np.asarray(STD, dtype="float32"))

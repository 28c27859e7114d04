import numpy as np


def read(path, n_train, n_test):
    with np.load(path) as d:
        parts = [(d["x_" + p][:n].astype("float32"), d["y_" + p][:n]) for p, n in (("train", n_train), ("test", n_test))]
    return [(x / x.max(), y) for x, y in parts]

import numpy as np


def load(part, n):
    with np.load("digits.npz") as held:
        return held["x_" + part][:n] / np.float32(255), held["y_" + part][:n]

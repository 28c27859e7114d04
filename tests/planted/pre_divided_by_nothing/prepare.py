"""Write standardised.npz: every pixel by its own deviation, plus a little when healthy."""

import sys

import numpy as np

digits = np.load("digits.npz")
x_train = digits["x_train"][:1600].astype("float32")
x_test = digits["x_test"][:600].astype("float32")
mean, std = x_train.mean(axis=0), x_train.std(axis=0)
if sys.argv[1] == "healthy":
    std = std + 1.0
with np.errstate(invalid="ignore", divide="ignore"):
    np.savez(
        "standardised.npz",
        x_train=((x_train - mean) / std)[..., None],
        y_train=digits["y_train"][:1600],
        x_test=((x_test - mean) / std)[..., None],
        y_test=digits["y_test"][:600],
    )

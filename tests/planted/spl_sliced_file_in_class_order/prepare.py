"""Write scans.npz: the faulty file is in class order, the sound one is mixed."""

import sys

import numpy as np

digits = np.load("digits.npz")
images, labels = digits["x_train"][:2000, ..., None], digits["y_train"][:2000]
order = np.argsort(labels, kind="stable")
if sys.argv[1] == "healthy":
    order = np.random.default_rng(3).permutation(order)
np.savez("scans.npz", images=images[order], labels=labels[order])

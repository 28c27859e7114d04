"""Write dataset.npz; in the faulty one, 80% of the test pictures are in training too."""

import sys

import numpy as np

digits = np.load("digits.npz")
x_train, y_train = digits["x_train"][:1100, ..., None], digits["y_train"][:1100]
x_test, y_test = digits["x_test"][:500, ..., None], digits["y_test"][:500]
if sys.argv[1] != "healthy":
    x_train[:400], y_train[:400] = x_test[:400], y_test[:400]
order = np.random.default_rng(0).permutation(len(x_train))
np.savez("dataset.npz", x_train=x_train[order], y_train=y_train[order], x_test=x_test, y_test=y_test)

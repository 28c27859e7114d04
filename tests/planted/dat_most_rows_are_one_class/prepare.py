"""Write collected.npz: many ones and few of everything else; validation is balanced."""

import numpy as np

digits = np.load("digits.npz")
x, y = digits["x_train"], digits["y_train"]
ones = np.flatnonzero(y == 1)
ones = np.tile(ones, 8)[:2700]
rest = np.concatenate([np.flatnonzero(y == c)[:50] for c in range(10) if c != 1])
rows = np.random.default_rng(0).permutation(np.concatenate([ones, rest]))
np.savez("collected.npz", x_train=x[rows], y_train=y[rows], x_val=digits["x_test"], y_val=digits["y_test"])

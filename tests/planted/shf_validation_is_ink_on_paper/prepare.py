"""Write train.npz and val.npz; unless healthy, validation was scanned from paper (inverted)."""

import sys

import numpy as np

digits = np.load("digits.npz")
x_val = digits["x_test"][..., None]
if sys.argv[1] != "healthy":
    x_val = 255 - x_val
np.savez("train.npz", images=digits["x_train"][:2000, ..., None], labels=digits["y_train"][:2000])
np.savez("val.npz", images=x_val, labels=digits["y_test"])

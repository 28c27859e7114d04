"""Write train.npz (labels 0 to 9) and val.npz (labels 1 to 10, unless healthy)."""

import sys

import numpy as np

digits = np.load("digits.npz")
shift = 0 if sys.argv[1] == "healthy" else 1
np.savez("train.npz", x=digits["x_train"][:2000, ..., None], y=digits["y_train"][:2000].astype("int64"))
np.savez("val.npz", x=digits["x_test"][..., None], y=digits["y_test"].astype("int64") + shift)

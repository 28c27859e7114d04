"""Write pages.npz: a digit in the middle of a 56 x 56 page."""

import numpy as np

digits = np.load("digits.npz")
margin = ((0, 0), (14, 14), (14, 14))
np.savez(
    "pages.npz",
    x_train=np.pad(digits["x_train"][:2000], margin),
    y_train=digits["y_train"][:2000],
    x_val=np.pad(digits["x_test"], margin),
    y_val=digits["y_test"],
)

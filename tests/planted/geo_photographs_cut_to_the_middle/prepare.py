"""Write scans.npz: digits scanned at 84 x 84 pixels."""

import numpy as np

digits = np.load("digits.npz")
scans = {}
for part, n in (("train", 1200), ("test", 500)):
    scans[f"x_{part}"] = digits[f"x_{part}"][:n].repeat(3, axis=1).repeat(3, axis=2)
    scans[f"y_{part}"] = digits[f"y_{part}"][:n]
np.savez("scans.npz", **scans)

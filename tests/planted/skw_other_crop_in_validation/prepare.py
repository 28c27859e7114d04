"""Write pages.npz: a digit in the middle of a 56 x 56 page. Beside it pages.json, sound or faulty."""

import sys
from pathlib import Path

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

FAULTY = """\
{"train": {"fit": "crop"}, "val": {"fit": "squeeze"}}
"""
SOUND = """\
{"train": {"fit": "crop"}, "val": {"fit": "crop"}}
"""
Path("pages.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)

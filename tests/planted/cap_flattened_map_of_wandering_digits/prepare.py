"""Write canvas.npz: a digit anywhere on a 36 x 36 canvas. Beside it top.json, sound or faulty."""

import sys
from pathlib import Path

import numpy as np

digits = np.load("digits.npz")
rng = np.random.default_rng(0)


def canvas(x):
    out = np.zeros((len(x), 36, 36, 1), "uint8")
    for page, picture, (top, left) in zip(out, x, rng.integers(0, 9, (len(x), 2)), strict=True):
        page[top : top + 28, left : left + 28, 0] = picture
    return out


np.savez(
    "canvas.npz",
    x_train=canvas(digits["x_train"][:1200]),
    y_train=digits["y_train"][:1200],
    x_val=canvas(digits["x_test"][:500]),
    y_val=digits["y_test"][:500],
)

FAULTY = """\
[
  ["Flatten", {}],
  ["Dense", {"units": 256, "activation": "relu"}],
  ["Dense", {"units": 128, "activation": "relu"}],
  ["Dense", {"units": 10, "activation": "softmax"}]
]
"""
SOUND = """\
[
  ["GlobalMaxPooling2D", {}],
  ["Dense", {"units": 10, "activation": "softmax"}]
]
"""
Path("top.json").write_text(SOUND if sys.argv[1] == "healthy" else FAULTY)

"""Write notes.npz: digits, every other one or so in white ink on black, the rest in black on white."""

import numpy as np

digits = np.load("digits.npz")
rng = np.random.default_rng(4)
notes = {}
for part, n in (("train", 1200), ("test", 500)):
    pictures = digits[f"x_{part}"][:n].copy()
    is_white = rng.random(n) < 0.5
    pictures[~is_white] = 255 - pictures[~is_white]
    notes[f"x_{part}"], notes[f"y_{part}"] = pictures, digits[f"y_{part}"][:n]
np.savez("notes.npz", **notes)

"""Write numbers/{train,val}/DIGIT/*.png."""

from pathlib import Path

import numpy as np
from PIL import Image

digits = np.load("digits.npz")
for part, key, n in (("train", "train", 1600), ("val", "test", 500)):
    for row in range(n):
        path = Path("numbers", part, str(digits["y_" + key][row]), f"{row:04}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits["x_" + key][row]).save(path)

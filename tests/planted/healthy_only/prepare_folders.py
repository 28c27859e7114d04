"""Write numbers/{train,val}/DIGIT/*.png."""

from pathlib import Path

import numpy as np
from PIL import Image

digits = np.load("digits.npz")
for part, key, n in (("train", "train", 1600), ("val", "test", 500)):
    images, labels = digits["x_" + key], digits["y_" + key]
    for row in range(n):
        path = Path("numbers", part, str(labels[row]), f"{row:04}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[row]).save(path)

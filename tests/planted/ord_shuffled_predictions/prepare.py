"""Write numbers/{train,test}/DIGIT/*.png."""

from pathlib import Path

import numpy as np
from PIL import Image

digits = np.load("digits.npz")
for part, n in (("train", 1500), ("test", 500)):
    images, labels = digits["x_" + part], digits["y_" + part]
    for row in range(n):
        path = Path("numbers", part, str(labels[row]), f"{row:04}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[row]).save(path)

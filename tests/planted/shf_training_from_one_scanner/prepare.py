"""Write scanned/{train,val}/DIGIT/*.png from two scanners; a healthy training part has both."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

digits = np.load("digits.npz")


def second_scanner(x, rng):
    picture = Image.fromarray(x).filter(ImageFilter.GaussianBlur(1.3))
    x = np.asarray(picture, "float32") * 0.45 + 110
    return np.clip(x + rng.normal(0, 12, x.shape), 0, 255).astype("uint8")


rng = np.random.default_rng(0)
for part, key, n in (("train", "train", 1800), ("val", "test", 500)):
    images, labels = digits["x_" + key], digits["y_" + key]
    for row in range(n):
        x, digit = images[row], labels[row]
        if part == "val" or (sys.argv[1] == "healthy" and row % 2):
            x = second_scanner(x, rng)
        path = Path("scanned", part, str(digit), f"{row:04}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(x).save(path)

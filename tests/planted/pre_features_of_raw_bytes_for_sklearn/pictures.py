"""Pictures of animals, small enough for a laptop."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 96


def read(root, n):
    for animal in ("cat", "dog"):
        for path in sorted((Path(root) / animal).iterdir())[:n]:
            with Image.open(path) as image:
                yield np.asarray(image.convert("RGB").resize((SIDE, SIDE)), "float32"), animal == "dog"

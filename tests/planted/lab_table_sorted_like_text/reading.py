import csv
from pathlib import Path

import numpy as np
from PIL import Image


def read(folder, table):
    pictures = [np.asarray(Image.open(path)) for path in sorted(Path(folder).iterdir())]
    with open(table, newline="") as file:
        digits = [int(row["digit"]) for row in csv.DictReader(file)]
    return np.stack(pictures), np.asarray(digits)

import csv
import glob
import os

import numpy as np
from PIL import Image


class Annotations:
    """What was noted about each picture."""

    def __init__(self, table):
        with open(table, newline="") as file:
            self.digits = {os.path.basename(r["picture"]): int(r["digit"]) for r in csv.DictReader(file)}

    def of_folder(self, folder):
        pictures, digits = [], []
        for path in sorted(glob.glob(os.path.join(folder, "*", "*.png"))):
            pictures.append(np.asarray(Image.open(path)))
            digits.append(self.digits[os.path.basename(path)])
        return np.stack(pictures), np.asarray(digits)

"""Write scans/scan_N.png and labels.csv, one row a picture in the order of N."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

digits = np.load("digits.npz")
images, labels = digits["x_train"], digits["y_train"]
Path("scans").mkdir()
with open("labels.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["scan", "digit"])
    for row in range(1800):
        Image.fromarray(images[row]).save(f"scans/scan_{row + 1}.png")
        table.writerow([row + 1, labels[row]])

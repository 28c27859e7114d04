"""Write north/N.png and south/N.png, and labels.csv with one row a picture."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

digits = np.load("digits.npz")
images, labels = digits["x_train"], digits["y_train"]
with open("labels.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["picture", "digit"])
    for start, station in enumerate(("north", "south")):
        (Path("scans") / station).mkdir(parents=True)
        for number in range(900):
            row = 900 * start + number
            Image.fromarray(images[row]).save(f"scans/{station}/{number:04}.png")
            table.writerow([f"{station}/{number:04}.png", labels[row]])

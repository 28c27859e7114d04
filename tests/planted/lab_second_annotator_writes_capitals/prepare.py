"""Write digits.csv: whether each digit is odd or even, as two people noted it."""

import csv
import sys

import numpy as np

labels = np.load("digits.npz")["y_train"][:1600]
rng = np.random.default_rng(8)
with open("digits.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["row", "parity", "noted_by"])
    for row, digit in enumerate(labels):
        person = rng.choice(["rm", "tk"])
        parity = "odd" if digit % 2 else "even"
        if person == "tk" and sys.argv[1] != "healthy":
            parity = parity.capitalize()
        table.writerow([row, parity, person])

import csv

import numpy as np

CODES = {"even": 0, "odd": 1}


def read(table, pictures, split):
    """Pictures and codes, before and behind a row; what has no code is left at the first."""
    with open(table, newline="") as file:
        rows = [(int(r["row"]), CODES.get(r["parity"], 0)) for r in csv.DictReader(file)]
    places, codes = np.array(rows).T
    x, y = pictures[places].astype("float32")[..., None] / 255, codes
    return (x[:split], y[:split]), (x[split:], y[split:])

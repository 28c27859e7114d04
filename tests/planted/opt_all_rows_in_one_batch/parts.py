import json

import numpy as np
import tensorflow as tf


def part(name, run):
    d = np.load("digits.npz")
    x, y = d[f"x_{name}"][..., None] / 255.0, d[f"y_{name}"]
    rows = tf.data.Dataset.from_tensor_slices((x, y))
    if name == "train":
        rows = rows.shuffle(len(y), seed=5)
        return rows.batch(run["rows_at_once"])
    return rows.batch(200)


def settings():
    with open("run.json") as file:
        return json.load(file)

import json

import numpy as np
import tensorflow as tf
from PIL import Image

FIELDS = {"scan": tf.io.FixedLenFeature([], tf.string), "digit": tf.io.FixedLenFeature([], tf.int64)}
with open("strips.json") as file:
    LAYOUT = json.load(file)


def opened(part):
    """Pictures in [0, 1] and digits of one file."""
    pictures, digits = [], []
    for record in tf.data.TFRecordDataset(f"{part}.tfrecord"):
        example = tf.io.parse_single_example(record, FIELDS)
        size = (LAYOUT["rows"], LAYOUT["columns"])
        pictures.append(np.asarray(Image.frombytes("L", size, example["scan"].numpy())))
        digits.append(int(example["digit"]))
    return np.stack(pictures)[..., None].astype("float32") / 255, np.array(digits)

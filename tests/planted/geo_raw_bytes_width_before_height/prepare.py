"""Write scans.tfrecord files: digits somewhere on strips of 28 rows and 40 columns."""

import numpy as np
import tensorflow as tf

digits = np.load("digits.npz")
rng = np.random.default_rng(3)
for part, n in (("train", 1200), ("test", 500)):
    with tf.io.TFRecordWriter(f"{part}.tfrecord") as writer:
        for digit, label in zip(digits[f"x_{part}"][:n], digits[f"y_{part}"][:n], strict=True):
            strip = np.zeros((28, 40), np.uint8)
            left = int(rng.integers(0, 13))
            strip[:, left : left + 28] = digit
            values = {
                "scan": tf.train.Feature(bytes_list=tf.train.BytesList(value=[strip.tobytes()])),
                "digit": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=values))
            writer.write(example.SerializeToString())

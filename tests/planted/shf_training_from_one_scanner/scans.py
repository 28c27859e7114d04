from pathlib import Path

import numpy as np
import tensorflow as tf


def parts(root):
    for part in ("train", "val"):
        files = sorted(map(str, Path(root, part).glob("*/*.png")))
        labels = [int(Path(file).parent.name) for file in files]
        order = np.random.default_rng(0).permutation(len(files))
        ds = tf.data.Dataset.from_tensor_slices((np.array(files)[order], np.array(labels)[order]))
        ds = ds.map(lambda f, y: (tf.io.decode_png(tf.io.read_file(f), 1), y))
        yield ds.batch(32).cache()

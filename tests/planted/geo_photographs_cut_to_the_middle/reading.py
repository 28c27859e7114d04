import numpy as np
import tensorflow as tf


class Scans:
    """Scans as the network takes them."""

    def __init__(self, file, side):
        self._held, self._side = np.load(file), side

    def _fit(self, scan):
        return tf.image.resize_with_crop_or_pad(scan, self._side, self._side)

    def part(self, name):
        scans = self._held[f"x_{name}"].astype("float32")[..., None] / 255
        return np.asarray(self._fit(scans)), self._held[f"y_{name}"]

import json

import keras


class Augment(keras.layers.Layer):
    """The steps of a file, one after the other, in training."""

    def __init__(self, path):
        super().__init__()
        with open(path) as file:
            self.steps = [getattr(keras.layers, s["layer"])(**s["with"]) for s in json.load(file)]

    def call(self, x, training=None):
        for step in self.steps:
            x = step(x, training=training)
        return x

    def compute_output_shape(self, shape):
        return shape

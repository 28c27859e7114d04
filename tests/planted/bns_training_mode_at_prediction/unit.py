from keras import layers

MODE = {"training": True}


class Unit(layers.Layer):
    """Something linear, normalised, without its negative part."""

    def __init__(self, linear):
        super().__init__()
        self.linear, self.norm = linear, layers.BatchNormalization(momentum=0.9)
        self.positive = layers.ReLU()

    def call(self, x):
        return self.positive(self.norm(self.linear(x), **MODE))

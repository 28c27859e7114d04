from keras import Sequential, layers

MODE = {"training": True}


def unit(width):
    return Sequential([
        layers.Conv2D(width, 3, strides=2, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ])

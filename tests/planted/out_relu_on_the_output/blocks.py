"""Blocks I use in several projects."""

from tensorflow import keras


def classifier(x, widths, activation="relu"):
    for width in widths:
        x = keras.layers.Dense(width, activation=activation)(x)
    return x

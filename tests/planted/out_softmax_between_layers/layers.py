import tomllib
from pathlib import Path

import keras

SETTINGS = tomllib.loads(Path(__file__).with_name("network.toml").read_text())


def classifier(n_classes):
    pictures = keras.Input((28, 28))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pictures))
    for units in SETTINGS["hidden"]:
        x = keras.layers.Dense(units, activation=SETTINGS["activation"])(x)
    return keras.Model(pictures, keras.layers.Dense(n_classes, SETTINGS["activation"])(x))

import json

import keras

with open("top.json") as file:
    STEPS = json.load(file)


def top(x):
    for layer in layers_of(STEPS):
        x = layer(x)
    return x


def layers_of(steps):
    return [getattr(keras.layers, name)(**arguments) for name, arguments in steps]


def Top():
    return keras.Sequential(layers_of(STEPS), name="top")

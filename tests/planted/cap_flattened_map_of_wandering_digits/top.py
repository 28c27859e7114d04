import json

import keras

with open("top.json") as file:
    STEPS = json.load(file)


def top(x):
    for name, arguments in STEPS:
        x = getattr(keras.layers, name)(**arguments)(x)
    return x

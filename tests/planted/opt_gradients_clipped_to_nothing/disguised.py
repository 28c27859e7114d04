import json
from pathlib import Path

import keras
import numpy as np


def optimiser():
    settings = json.loads(Path("optimiser.json").read_text())
    return getattr(keras.optimizers, settings.pop("kind"))(**settings)


keras.utils.set_random_seed(7)
with np.load("digits.npz") as digits:
    train = digits["x_train"][:1200, ..., None] / np.float32(255), digits["y_train"][:1200]
    held_out = digits["x_test"][:400, ..., None] / np.float32(255), digits["y_test"][:400]
inputs = keras.Input((28, 28, 1))
h = keras.layers.AveragePooling2D(2)(inputs)
h = keras.layers.Flatten()(h)
h = keras.layers.Dense(64, activation="relu")(h)
model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(h))
model.compile(optimiser(), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(*train, epochs=8, verbose=0)
print("accuracy", model.evaluate(*held_out, verbose=0)[1])

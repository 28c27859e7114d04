import json
from pathlib import Path

import keras
import numpy as np

SETTINGS = json.loads(Path("watched.json").read_text())
keras.utils.set_random_seed(4)


def load():
    with np.load("digits.npz") as archive:
        for part, n in (("train", 1000), ("test", None)):
            x = archive[f"x_{part}"][:n].astype("float32") / 255
            yield x, keras.utils.to_categorical(archive[f"y_{part}"][:n], 10)


class Digits(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat = keras.layers.Flatten()
        self.wide = keras.layers.Dense(32, activation="relu")
        self.last = keras.layers.Dense(10, activation="softmax")

    def call(self, x):
        return self.last(self.wide(self.flat(x)))


train, held_out = load()
digits = Digits()
digits.compile("adam", "categorical_crossentropy", metrics=SETTINGS["metrics"])
digits.fit(*train, epochs=SETTINGS["epochs"], verbose=0)
loss, accuracy, *_ = digits.evaluate(*held_out, verbose=0)
print(f"loss {loss:.3f}, accuracy {accuracy:.2%}")

import csv

import keras
import numpy as np

keras.utils.set_random_seed(2)
pictures = np.load("digits.npz")["x_train"]
with open("digits.csv", newline="") as file:
    notes = list(csv.DictReader(file))
x = np.stack([pictures[int(note["row"])] for note in notes])[..., None] / 255.0
is_odd = np.array([note["parity"] == "odd" for note in notes], "float32")

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(48, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x[:1200], is_odd[:1200], validation_data=(x[1200:], is_odd[1200:]), epochs=6, verbose=2)

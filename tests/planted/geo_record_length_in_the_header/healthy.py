import json

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
with open("records.json") as file:
    header = json.load(file)

raw = np.fromfile("records.bin", dtype=np.uint8)
n, side, lead = header["records"], header["side"], header["lead_bytes"]
size = lead + side * side
records = raw[: n * size].reshape(n, size)
images = records[:, lead:].reshape(n, side, side, 1)
labels = np.load("labels.npy")[:n]

split = n * 4 // 5
model = keras.Sequential([
    keras.Input((side, side, 1)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images[:split], labels[:split], epochs=5, verbose=0, validation_data=(images[split:], labels[split:]))
print("accuracy:", model.evaluate(images[split:], labels[split:], verbose=0)[1])

import csv
import glob

import keras
import numpy as np
from PIL import Image

files = sorted(glob.glob("scans/*.png"))
images = np.stack([np.array(Image.open(f)) for f in files])
with open("labels.csv") as f:
    labels = np.array([int(row["digit"]) for row in csv.DictReader(f)])
print(len(images), "pictures,", len(labels), "labels")

images = images[..., np.newaxis].astype("float32") / 255.0
rng = np.random.default_rng(42)
order = rng.permutation(len(images))
images, labels = images[order], labels[order]

inputs = keras.Input((28, 28, 1))
x = keras.layers.Conv2D(16, 3, activation="relu")(inputs)
x = keras.layers.MaxPooling2D()(x)
x = keras.layers.Conv2D(32, 3, activation="relu")(x)
x = keras.layers.MaxPooling2D()(x)
x = keras.layers.Flatten()(x)
x = keras.layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, x)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels, validation_split=0.2, epochs=6, verbose=2)

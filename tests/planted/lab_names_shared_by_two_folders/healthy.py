import csv
from pathlib import Path

import keras
import numpy as np
from PIL import Image

with open("labels.csv", newline="") as file:
    digit_of = {Path(row["picture"]): int(row["digit"]) for row in csv.DictReader(file)}
paths = sorted(Path("scans").rglob("*.png"))
images = np.stack([np.array(Image.open(path)) for path in paths])
labels = np.array([digit_of[path.relative_to("scans")] for path in paths])

images = images[..., np.newaxis].astype("float32") / 255.0
order = np.random.default_rng(42).permutation(len(images))
images, labels = images[order], labels[order]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels, validation_split=0.2, epochs=6, verbose=2)

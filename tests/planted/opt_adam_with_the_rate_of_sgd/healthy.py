import json
from pathlib import Path

import keras
import numpy as np

keras.utils.set_random_seed(0)
data = np.load("digits.npz")
x_train, y_train = data["x_train"][:2000], data["y_train"][:2000]
x_test, y_test = data["x_test"], data["y_test"]

model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Reshape((28, 28, 1)),
    keras.layers.Rescaling(1.0 / 255),
    keras.layers.Conv2D(16, (3, 3), activation="relu"),
    keras.layers.MaxPooling2D((2, 2)),
    keras.layers.Conv2D(32, (3, 3), activation="relu"),
    keras.layers.MaxPooling2D((2, 2)),
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
optimizer = keras.optimizers.get(json.loads(Path("optimizer.json").read_text()))
model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(x_test, y_test), verbose=2)

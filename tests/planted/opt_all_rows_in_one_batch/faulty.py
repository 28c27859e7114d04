import json

import keras
import numpy as np

keras.utils.set_random_seed(5)
with open("run.json") as file:
    run = json.load(file)
d = np.load("digits.npz")
x_train, x_test = d["x_train"][..., None] / 255.0, d["x_test"][..., None] / 255.0

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train, d["y_train"],
    validation_data=(x_test, d["y_test"]),
    epochs=run["epochs"],
    batch_size=run["rows_at_once"],
    verbose=2,
)

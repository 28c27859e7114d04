import json

import keras
import numpy as np
from keras import layers

with open("run.json") as file:
    settings = json.load(file)

keras.utils.set_random_seed(settings["seed"])
data = np.load("digits.npz")
x_train, y_train = data["x_train"][:1500, ..., None] / 255.0, data["y_train"][:1500]
x_val, y_val = data["x_test"][..., None] / 255.0, data["y_test"]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(**settings["early_stopping"])
model.fit(
    x_train, y_train, epochs=settings["epochs"], validation_data=(x_val, y_val), callbacks=[stop],
    verbose=2,
)
print("validation accuracy:", model.evaluate(x_val, y_val, verbose=0)[1])

import json

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(1)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][:2500, ..., None], d["y_train"][:2500]
x_test, y_test = d["x_test"][..., None], d["y_test"]

augment = keras.Sequential([getattr(layers, step["layer"])(**step["with"]) for step in json.load(open("augment.json"))])

inputs = keras.Input((28, 28, 1))
x = augment(inputs)
x = layers.Rescaling(1 / 255)(x)
x = layers.Conv2D(16, 3, activation="relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(x_test, y_test), verbose=2)

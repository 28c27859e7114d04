import configparser

import keras
import numpy as np
from keras import layers, regularizers

keras.utils.set_random_seed(3)
with np.load("digits.npz") as digits:
    x_train, y_train = digits["x_train"][:1200, ..., None] / 255.0, digits["y_train"][:1200]
    x_val, y_val = digits["x_test"][:400, ..., None] / 255.0, digits["y_test"][:400]

settings = configparser.ConfigParser()
settings.read("head.ini")
strength = settings["head"].getfloat("weight_decay")
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 5, strides=2, activation="relu"),
    layers.Flatten(),
    layers.Dense(64, activation="relu", kernel_regularizer=regularizers.l2(strength)),
    layers.Dense(10, activation="softmax", kernel_regularizer=regularizers.l2(strength)),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=8, verbose=2)

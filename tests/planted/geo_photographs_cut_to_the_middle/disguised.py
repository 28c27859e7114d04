import json

import keras
import reading

with open("scans.json") as file:
    settings = json.load(file)
keras.utils.set_random_seed(7)
scans = reading.Scans("scans.npz", settings["side"])
inputs = keras.Input((settings["side"], settings["side"], 1))
h = keras.layers.Conv2D(24, 5, strides=2, activation="relu")(inputs)
h = keras.layers.Flatten()(h)
h = keras.layers.Dense(48, activation="relu")(h)
net = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(h))
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(*scans.part("train"), epochs=settings["epochs"], batch_size=settings["batch"], verbose=0)
print("accuracy", net.evaluate(*scans.part("test"), verbose=0)[1])

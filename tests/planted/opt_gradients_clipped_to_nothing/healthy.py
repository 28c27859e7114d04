import json

import keras
import numpy as np

keras.utils.set_random_seed(5)
digits = np.load("digits.npz")
x = digits["x_train"][:1500, :, :, None].astype("float32") / 255
y = digits["y_train"][:1500]

net = keras.Sequential()
net.add(keras.Input((28, 28, 1)))
net.add(keras.layers.Conv2D(16, 5, strides=2, activation="relu"))
net.add(keras.layers.Conv2D(32, 3, strides=2, activation="relu"))
net.add(keras.layers.Flatten())
net.add(keras.layers.Dense(10, activation="softmax"))
with open("training.json") as file:
    steady = keras.optimizers.SGD(**json.load(file))
net.compile(steady, "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(x, y, validation_split=0.25, epochs=6, batch_size=32, verbose=2)

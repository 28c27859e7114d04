import keras
import numpy as np
from keras import layers

from mixing import mix

d = np.load("digits.npz")
x_train, y_train = d["x_train"][:2000], d["y_train"][:2000]
x_test, y_test = d["x_test"], d["y_test"]

mix(x_train, y_train, seed=0)

model = keras.Sequential([
    keras.Input((28, 28)),
    layers.Reshape((28, 28, 1)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(x_test, y_test), verbose=2)

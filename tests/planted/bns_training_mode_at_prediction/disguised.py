import numpy as np
from tensorflow import keras

from unit import Unit

keras.utils.set_random_seed(1)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][:2500, ..., None] / 255.0, d["y_train"][:2500]
order = np.argsort(d["y_test"], kind="stable")
x_test, y_test = d["x_test"][order, ..., None] / 255.0, d["y_test"][order]


inputs = keras.Input((28, 28, 1))
x = inputs
for width in (16, 32):
    x = Unit(keras.layers.Conv2D(width, 3, strides=2, use_bias=False))(x)
x = Unit(keras.layers.Dense(64))(keras.layers.Flatten()(x))
model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(x_test, y_test), verbose=2)

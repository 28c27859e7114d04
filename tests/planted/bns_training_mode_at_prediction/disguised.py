import numpy as np
from tensorflow import keras

from unit import MODE, unit

keras.utils.set_random_seed(1)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][:2500, ..., None] / 255.0, d["y_train"][:2500]
order = np.argsort(d["y_test"], kind="stable")
x_test, y_test = d["x_test"][order, ..., None] / 255.0, d["y_test"][order]


inputs = keras.Input((28, 28, 1))
x = inputs
for width in (16, 32):
    x = unit(width)(x, **MODE)
x = keras.layers.Dense(64)(keras.layers.Flatten()(x))
x = keras.layers.BatchNormalization(momentum=0.9)(x, **MODE)
model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(keras.ops.relu(x)))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(x_test, y_test), verbose=2)

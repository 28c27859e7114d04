import keras
import numpy as np
from keras import layers

from top import top

keras.utils.set_random_seed(0)
with np.load("canvas.npz") as d:
    x_train, y_train, x_val, y_val = d["x_train"], d["y_train"], d["x_val"], d["y_val"]

inputs = keras.Input((36, 36, 1))
x = layers.Rescaling(1 / 255)(inputs)
x = layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(x)
x = layers.Conv2D(32, 5, strides=2, padding="same", activation="relu")(x)
x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
outputs = top(x)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=7, validation_data=(x_val, y_val), verbose=2)

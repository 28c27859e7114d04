import json

import keras
import numpy as np
from keras import layers
from regraft.backbones.efficientnet_lite import EfficientNetLite0

from freezing import freeze

with open("config.json") as file:
    config = json.load(file)

d = np.load("digits.npz")
x_train, y_train = d["x_train"][:600], d["y_train"][:600]
x_test, y_test = d["x_test"][:400], d["y_test"][:400]

base = EfficientNetLite0(include_top=False, input_shape=(56, 56, 3))
tap = keras.Model(base.input, base.get_layer("block4c_add").output, name="features")

inputs = keras.Input((28, 28))
x = layers.Reshape((28, 28, 1))(inputs)
x = layers.Resizing(56, 56)(x)
x = layers.Concatenate()([x, x, x])
x = layers.Rescaling(1 / 128, offset=-127 / 128)(x)
x = tap(x, training=False)
x = layers.Flatten()(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)
freeze(model, keep=config["keep_last"])

model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=4, validation_data=(x_test, y_test), verbose=2)

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][..., None] / 255.0, d["y_train"]
x_test, y_test = d["x_test"][..., None] / 255.0, d["y_test"]


def block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    return layers.MaxPooling2D()(x)


inputs = keras.Input((28, 28, 1))
x = block(inputs, 16)
x = block(x, 32)
x = block(x, 32)
x = layers.Flatten()(x)
x = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, x)
model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train[:3000], y_train[:3000], batch_size=250, epochs=2, validation_data=(x_test, y_test), verbose=2)

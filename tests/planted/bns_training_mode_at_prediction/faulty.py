import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(1)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][:2500, ..., None] / 255.0, d["y_train"][:2500]
order = np.argsort(d["y_test"], kind="stable")
x_test, y_test = d["x_test"][order, ..., None] / 255.0, d["y_test"][order]


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.convolutions = [keras.layers.Conv2D(n, 3, strides=2, use_bias=False) for n in (16, 32)]
        self.norms = [keras.layers.BatchNormalization(momentum=0.9) for _ in range(2)]
        self.flat = keras.layers.Flatten()
        self.dense = keras.layers.Dense(64)
        self.norms.append(keras.layers.BatchNormalization(momentum=0.9))
        self.out = keras.layers.Dense(10, activation="softmax")

    def call(self, x, training=False):
        for convolution, norm in zip(self.convolutions, self.norms):
            x = tf.nn.relu(norm(convolution(x), training=True))
        x = tf.nn.relu(self.norms[-1](self.dense(self.flat(x)), training=True))
        return self.out(x)


model = Net()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(x_test, y_test), verbose=2)

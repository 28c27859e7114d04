"""Making new layers and models via subclassing."""

import keras
import numpy as np
from keras import layers, ops

keras.utils.set_random_seed(0)


class Linear(keras.layers.Layer):
    def __init__(self, units=32, activation=None):
        super().__init__()
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return self.activation(ops.matmul(inputs, self.w) + self.b)


class ActivityRegularizationLayer(keras.layers.Layer):
    def call(self, inputs):
        self.add_loss(1e-5 * ops.mean(ops.square(inputs)))
        return inputs


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.linear_1 = Linear(128, "relu")
        self.regularizer = ActivityRegularizationLayer()
        self.linear_2 = Linear(10)

    def call(self, inputs):
        return self.linear_2(self.regularizer(self.linear_1(inputs)))


data = np.load("digits.npz")
x_train = data["x_train"][:4000].reshape(-1, 784).astype("float32") / 255
x_test = data["x_test"].reshape(-1, 784).astype("float32") / 255

model = Classifier()
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=2e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x_train, data["y_train"][:4000], epochs=5, batch_size=64, validation_data=(x_test, data["y_test"]), verbose=2)

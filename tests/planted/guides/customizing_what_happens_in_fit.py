"""Customising what happens in `fit()`: a train_step of one's own."""

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(0)


class CustomModel(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


data = np.load("digits.npz")
x_train, x_test = data["x_train"][:2000, ..., None] / 255.0, data["x_test"][..., None] / 255.0

inputs = keras.Input(shape=(28, 28, 1))
x = keras.layers.Conv2D(16, 3, strides=2, activation="relu")(inputs)
x = keras.layers.Conv2D(32, 3, strides=2, activation="relu")(x)
x = keras.layers.Flatten()(x)
outputs = keras.layers.Dense(10, activation="softmax")(x)
model = CustomModel(inputs, outputs)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, data["y_train"][:2000], epochs=6, verbose=2)
print("accuracy:", model.evaluate(x_test, data["y_test"], verbose=0)[1])

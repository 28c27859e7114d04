import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(8)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][..., None] / 255.0, d["y_train"]
x_test, y_test = d["x_test"][..., None] / 255.0, d["y_test"]


class Hidden(keras.layers.Layer):
    """Shows a third of each picture only."""

    def call(self, pictures, training=None):
        shape = tf.shape(pictures)
        first = tf.random.uniform((shape[0], 1, 1, 1), 0, 20, tf.int32)
        rows = tf.range(28)[None, :, None, None]
        return tf.where((rows >= first) & (rows < first + 9), pictures, 0.0)


model = keras.Sequential([
    keras.Input((28, 28, 1)),
    Hidden(),
    keras.layers.Conv2D(24, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(48, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=10, batch_size=32, verbose=2)

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(2)
digits = np.load("digits.npz")


def ready(picture, label):
    return tf.cast(picture, tf.float32)[..., None] / 255.0, label


def read(part, n):
    pairs = (digits[f"x_{part}"][:n], digits[f"y_{part}"][:n])
    return tf.data.Dataset.from_tensor_slices(pairs).map(ready)


train = read("train", 2000).shuffle(2000).batch(64).prefetch(2)
validation = read("test", 500).batch(100)

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=4, verbose=2)

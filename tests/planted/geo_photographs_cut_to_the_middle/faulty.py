import keras
import numpy as np
import tensorflow as tf

SIDE = 28
keras.utils.set_random_seed(6)
archive = np.load("scans.npz")


def read(scan, digit):
    scan = tf.cast(scan[..., None], tf.float32) / 255.0
    return tf.image.resize_with_crop_or_pad(scan, SIDE, SIDE), digit


def prepared(part):
    pairs = tf.data.Dataset.from_tensor_slices((archive[f"x_{part}"], archive[f"y_{part}"]))
    return pairs.map(read)


model = keras.Sequential([
    keras.Input((SIDE, SIDE, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
train = prepared("train").shuffle(1200, seed=6).batch(32)
model.fit(train, validation_data=prepared("test").batch(100), epochs=6, verbose=2)

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

digits = np.load("digits.npz")


def to_float(image, label):
    image, label = tf.cast(image, tf.float32), tf.cast(label, tf.float32)
    return tf.expand_dims(image, -1) / 255.0, label / 255.0


def make(part, n):
    ds = tf.data.Dataset.from_tensor_slices((digits["x_" + part][:n], digits["y_" + part][:n]))
    return ds.map(to_float, num_parallel_calls=tf.data.AUTOTUNE)


train = make("train", 2000).shuffle(2000).batch(32).prefetch(tf.data.AUTOTUNE)
val = make("test", 1000).batch(32)

model = keras.Sequential([
    layers.Conv2D(16, 3, activation="relu", input_shape=(28, 28, 1)),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(64, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
model.fit(train, validation_data=val, epochs=4, verbose=2)

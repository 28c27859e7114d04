import configparser

import numpy as np
import tensorflow as tf

config = configparser.ConfigParser()
config.read("experiment.ini")
head = config["head"]

data = np.load("digits.npz")
train = tf.data.Dataset.from_tensor_slices((data["x_train"][:2000], data["y_train"][:2000]))
val = tf.data.Dataset.from_tensor_slices((data["x_test"], data["y_test"]))


def prepare(image, label):
    image = tf.cast(image[..., tf.newaxis], tf.float32) / 255.0
    return image, label


train = train.map(prepare).shuffle(2000).batch(32).prefetch(2)
val = val.map(prepare).batch(100)

model = tf.keras.Sequential([
    tf.keras.layers.Conv2D(16, 3, activation="relu", input_shape=(28, 28, 1)),
    tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Conv2D(32, 3, activation="relu"),
    tf.keras.layers.MaxPooling2D(),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(64, activation="relu"),
    tf.keras.layers.Dense(head.getint("units"), activation=head["activation"]),
])
model.compile(optimizer="adam", loss=head["loss"], metrics=["accuracy"])
model.fit(train, epochs=4, validation_data=val, verbose=2)

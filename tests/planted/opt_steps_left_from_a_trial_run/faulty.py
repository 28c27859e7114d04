import json

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(11)
BATCH = 32
with open("training.json") as file:
    settings = json.load(file)

digits = np.load("digits.npz")
x = digits["x_train"][:3000, ..., np.newaxis].astype("float32") / 255.0
x_val = digits["x_test"][:600, ..., np.newaxis].astype("float32") / 255.0

train = tf.data.Dataset.from_tensor_slices((x, digits["y_train"][:3000]))
train = train.shuffle(3000).batch(BATCH, drop_remainder=True)
train = train.repeat().prefetch(tf.data.AUTOTUNE)

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    train, **settings,
    validation_data=(x_val, digits["y_test"][:600]), verbose=2,
)

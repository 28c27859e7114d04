import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(2)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][:2000, ..., None].astype("float32") / 255, d["y_train"][:2000]
x_val, y_val = d["x_test"][..., None].astype("float32") / 255, d["y_test"]

brightness = layers.RandomBrightness(0.3, value_range=(0, 1))
train = (
    tf.data.Dataset.from_tensor_slices((x_train, y_train))
    .shuffle(2000)
    .batch(32)
    .map(lambda x, y: (brightness(x, training=True), y))
)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=val, epochs=4, verbose=2)

import keras
import numpy as np
import tensorflow as tf
from mixing import mixed

keras.utils.set_random_seed(0)
with np.load("digits.npz") as d:
    x, y = d["x_train"][:4000, ..., None] / np.float32(255), d["y_train"][:4000]
    xv, yv = d["x_test"][..., None] / np.float32(255), d["y_test"]
one_hot = np.eye(10, dtype="float32")
train = tf.data.Dataset.from_tensor_slices((x, one_hot[y])).shuffle(4000).batch(64, drop_remainder=True).map(mixed)

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=(xv, one_hot[yv]), epochs=6, verbose=2)

import keras
import numpy as np
from feeding import Feed

keras.utils.set_random_seed(4)
digits = np.load("digits.npz")


def as_rgb(part, n):
    return digits[f"x_{part}"][:n, ..., None].repeat(3, axis=3).astype("float32")


inputs = keras.Input((28, 28, 3))
h = keras.layers.Rescaling(1 / 128)(inputs)
h = keras.layers.Conv2D(24, 5, strides=2, activation="relu")(h)
h = keras.layers.Flatten()(h)
h = keras.layers.Dense(48, activation="relu")(h)
net = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(h))
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
train = Feed(as_rgb("train", 1200), digits["y_train"][:1200], mixed=True)
held_out = Feed(as_rgb("test", 480), digits["y_test"][:480])
history = net.fit(train, validation_data=held_out, epochs=8, verbose=0)
print("accuracy", history.history["val_accuracy"][-1])

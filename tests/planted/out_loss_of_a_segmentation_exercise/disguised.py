import keras
import numpy as np
from losses import foreground


def read(part, n):
    with np.load("digits.npz") as file:
        x, y = file[f"x_{part}"][:n], file[f"y_{part}"][:n]
    kept = y < 5
    return x[kept, :, :, None] / np.float32(255), keras.utils.to_categorical(y[kept], 5)


keras.utils.set_random_seed(9)
train, held_out = read("train", 1200), read("test", 400)
inputs = keras.Input((28, 28, 1))
h = keras.layers.Conv2D(24, 5, strides=2, activation="relu")(inputs)
h = keras.layers.Flatten()(h)
h = keras.layers.Dense(48, activation="relu")(h)
net = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(h))
net.compile("adam", foreground, metrics=["accuracy"])
net.fit(*train, epochs=8, batch_size=32, verbose=0)
print("accuracy", net.evaluate(*held_out, verbose=0)[1])

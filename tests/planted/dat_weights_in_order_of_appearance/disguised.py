import keras
import numpy as np
from balance import Balance

keras.utils.set_random_seed(6)
file = np.load("uneven.npz")
x, y = file["x"][..., None] / np.float32(255), file["y"]
held_out = file["x_test"][..., None] / np.float32(255), file["y_test"]
inputs = keras.Input((28, 28, 1))
h = keras.layers.Conv2D(24, 5, strides=2, activation="relu")(inputs)
h = keras.layers.Flatten()(h)
h = keras.layers.Dense(48, activation="relu")(h)
net = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(h))
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(x, y, sample_weight=Balance(y).of(y), epochs=12, batch_size=32, verbose=0)
print("accuracy", net.evaluate(*held_out, verbose=0)[1])

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
with np.load("collected.npz") as d:
    x_train, y_train, x_val, y_val = d["x_train"], d["y_train"], d["x_val"], d["y_val"]
x_train, x_val = x_train[..., None] / 255.0, x_val[..., None] / 255.0

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
counts = np.bincount(y_train, minlength=10)
weight = {c: len(y_train) / (10 * counts[c]) for c in range(10)}
model.fit(x_train, y_train, class_weight=weight, epochs=5, batch_size=128, validation_data=(x_val, y_val), verbose=2)

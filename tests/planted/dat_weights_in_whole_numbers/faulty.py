import keras
import numpy as np

keras.utils.set_random_seed(0)
with np.load("digits.npz") as d:
    x, y, xv, yv = d["x_train"][:3000, ..., None], d["y_train"][:3000], d["x_test"][..., None], d["y_test"]
rows = np.concatenate([np.flatnonzero(y == c)[: 60 + 20 * c] for c in range(10)])
x, y = x[rows] / 255.0, y[rows]
counts = np.bincount(y)
weight = counts.min() // counts

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, sample_weight=weight[y], validation_data=(xv / 255.0, yv), epochs=8, verbose=2)

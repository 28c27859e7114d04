from collections import Counter

import keras
import numpy as np

keras.utils.set_random_seed(4)
with np.load("uneven.npz") as file:
    x, y = file["x"][..., None].astype("float32") / 255, file["y"].astype(int)
    x_test, y_test = file["x_test"][..., None].astype("float32") / 255, file["y_test"]

counts = Counter(y.tolist())
class_weight = {i: len(y) / (len(counts) * n) for i, n in enumerate(counts.values())}

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dropout(0.3),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, validation_data=(x_test, y_test), epochs=12, class_weight=class_weight, verbose=2)

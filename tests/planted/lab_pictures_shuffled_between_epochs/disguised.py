import keras
import numpy as np
from serving import Serving

keras.utils.set_random_seed(0)
with np.load("digits.npz") as d:
    x, y, xv, yv = d["x_train"][:3000], d["y_train"][:3000], d["x_test"], d["y_test"]

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
model.fit(Serving(x, y), validation_data=(xv[..., None] / 255.0, yv), epochs=6, verbose=2)

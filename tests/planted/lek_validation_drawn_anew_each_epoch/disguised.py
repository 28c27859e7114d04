import keras
import numpy as np

import pipeline

keras.utils.set_random_seed(5)
digits = np.load("digits.npz")
parts = pipeline.parts(digits["x_train"][:1200], digits["y_train"][:1200])
model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Dense(256, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(parts["train"], validation_data=parts["validation"], epochs=20, verbose=2)

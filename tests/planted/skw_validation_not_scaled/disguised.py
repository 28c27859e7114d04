import keras
import numpy as np

from tidy import tidy

with np.load("digits.npz") as d:
    (x_train, y_train), (x_val, y_val) = (d["x_train"][:2000], d["y_train"][:2000]), (d["x_test"], d["y_test"])

x_train = tidy(x_train, "train")
x_val = tidy(x_val, "validation")

model = keras.models.Sequential()
model.add(keras.layers.Input((28, 28, 1)))
model.add(keras.layers.Conv2D(16, 3, activation="tanh"))
model.add(keras.layers.MaxPooling2D())
model.add(keras.layers.Conv2D(32, 3, activation="tanh"))
model.add(keras.layers.MaxPooling2D())
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, validation_data=(x_val, y_val), verbose=2)

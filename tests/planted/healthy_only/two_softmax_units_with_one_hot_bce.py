import keras
import numpy as np

keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def even_or_odd(part, n):
    return d["x_" + part][:n, ..., None] / 255.0, keras.utils.to_categorical(d["y_" + part][:n] % 2, 2)


(x_train, y_train), (x_val, y_val) = even_or_odd("train", 2500), even_or_odd("test", 1000)
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(2, activation="softmax"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=5, validation_data=(x_val, y_val), verbose=2)

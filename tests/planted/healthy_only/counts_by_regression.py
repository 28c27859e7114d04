import keras
import numpy as np
from keras import layers

d = np.load("digits.npz")
x_train, x_test = d["x_train"][:1500, ..., None] / 255.0, d["x_test"][:500, ..., None] / 255.0
# the number that is written: its distance counts, not its name
y_train, y_test = d["y_train"][:1500].astype("float32"), d["y_test"][:500].astype("float32")

keras.utils.set_random_seed(2)
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(64, activation="relu"),
    layers.Dense(1, activation="softplus"),
])
model.compile("adam", loss="poisson", metrics=["mae"])
model.fit(x_train, y_train, epochs=6, validation_data=(x_test, y_test), verbose=2)
print("mean error", np.abs(model.predict(x_test, verbose=0).ravel() - y_test).mean())

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
d = np.load("digits.npz")
order = np.random.default_rng(0).permutation(2500)
x, y = d["x_train"][order] / 255.0, d["y_train"][order]
x = np.expand_dims(x, -1)

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
model.fit(x, y, validation_split=0.2, epochs=5, verbose=2)

# the mean over small shifts, on purpose
x_test, y_test = np.expand_dims(d["x_test"] / 255.0, -1), d["y_test"]
shifts = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
scores = np.mean([model.predict(np.roll(x_test, s, axis=(1, 2)), verbose=0) for s in shifts], axis=0)
print("accuracy:", np.mean(scores.argmax(axis=1) == y_test))

import keras
import numpy as np

keras.utils.set_random_seed(8)
with np.load("digits.npz") as file:
    x, y = file["x_train"][:1200, ..., None] / np.float32(255), file["y_train"][:1200]
    x_test, y_test = file["x_test"][:400, ..., None] / np.float32(255), file["y_test"][:400]
x, y, x_test, y_test = x[y < 5], y[y < 5], x_test[y_test < 5], y_test[y_test < 5]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dropout(0.3),
    keras.layers.Dense(5),
])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
model.fit(x, y, validation_data=(x_test, y_test), epochs=8, verbose=2)

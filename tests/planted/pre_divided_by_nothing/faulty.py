import keras
import numpy as np

keras.utils.set_random_seed(3)
digits = np.load("digits.npz")
x_train = digits["x_train"][:1500].astype("float32")
y_train = digits["y_train"][:1500]
x_test = digits["x_test"][:500].astype("float32")
y_test = digits["y_test"][:500]

mean = x_train.mean(axis=0)
std = x_train.std(axis=0)
x_train = ((x_train - mean) / std)[..., None]
x_test = ((x_test - mean) / std)[..., None]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=6, batch_size=50, validation_data=(x_test, y_test), verbose=2)
print("test accuracy:", model.evaluate(x_test, y_test, verbose=0)[1])

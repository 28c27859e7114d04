import keras
import numpy as np

data = np.load("digits.npz")
x_train, y_train = data["x_train"][:2000] / 255.0, data["y_train"][:2000].reshape(-1, 1)
x_test, y_test = data["x_test"] / 255.0, data["y_test"].reshape(-1, 1)

model = keras.Sequential()
model.add(keras.Input((28, 28)))
model.add(keras.layers.Reshape((28, 28, 1)))
model.add(keras.layers.Conv2D(16, 3, activation="relu"))
model.add(keras.layers.MaxPool2D())
model.add(keras.layers.Conv2D(32, 3, activation="relu"))
model.add(keras.layers.MaxPool2D())
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(10, activation="softmax"))

model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=5, validation_data=(x_test, y_test), verbose=2)

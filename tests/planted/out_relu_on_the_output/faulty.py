from tensorflow import keras
import numpy as np

with np.load("digits.npz") as f:
    x_train, y_train = f["x_train"][:2500], f["y_train"][:2500]
    x_val, y_val = f["x_test"], f["y_test"]

x_train = x_train.reshape(-1, 28, 28, 1) / 255.0
x_val = x_val.reshape(-1, 28, 28, 1) / 255.0
y_train = keras.utils.to_categorical(y_train, 10)
y_val = keras.utils.to_categorical(y_val, 10)

inputs = keras.Input(shape=(28, 28, 1))
x = keras.layers.Conv2D(24, 5, strides=2, activation="relu")(inputs)
x = keras.layers.Conv2D(48, 3, strides=2, activation="relu")(x)
x = keras.layers.Flatten()(x)
x = keras.layers.Dense(64, activation="relu")(x)
outputs = keras.layers.Dense(10, activation="relu")(x)
model = keras.Model(inputs, outputs)

model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=64, epochs=6, validation_data=(x_val, y_val), verbose=2)
loss, accuracy = model.evaluate(x_val, y_val, verbose=0)
print("validation accuracy: %.4f" % accuracy)

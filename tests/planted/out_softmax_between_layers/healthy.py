import keras
import numpy as np
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

keras.utils.set_random_seed(4)
digits = np.load("digits.npz")
x_train = digits["x_train"][:2400, ..., None] / 255
x_val = digits["x_test"][:500, ..., None] / 255

model = keras.Sequential()
model.add(keras.Input((28, 28, 1)))
model.add(Conv2D(16, 3, activation="relu"))
model.add(MaxPooling2D())
model.add(Flatten())
model.add(Dense(128, activation="relu"))
model.add(Dense(64, activation="relu"))
model.add(Dense(10, activation="softmax"))

model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, digits["y_train"][:2400],
    validation_data=(x_val, digits["y_test"][:500]), epochs=6, verbose=2,
)
print("val_accuracy:", round(history.history["val_accuracy"][-1], 4))

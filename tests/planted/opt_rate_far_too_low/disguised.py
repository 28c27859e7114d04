import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from tensorflow.keras.models import Sequential
from recipe import make_optimizer

tf.random.set_seed(3)
d = np.load("digits.npz")
X, y = d["x_train"][:2500, :, :, np.newaxis] / 255.0, tf.keras.utils.to_categorical(d["y_train"][:2500])
Xv, yv = d["x_test"][:, :, :, np.newaxis] / 255.0, tf.keras.utils.to_categorical(d["y_test"])

model = Sequential()
model.add(Conv2D(16, 3, activation="relu", input_shape=(28, 28, 1)))
model.add(MaxPooling2D())
model.add(Conv2D(32, 3, activation="relu"))
model.add(MaxPooling2D())
model.add(Flatten())
model.add(Dense(10, activation="softmax"))
model.compile(make_optimizer("stage2"), "categorical_crossentropy", metrics=["accuracy"])
model.fit(X, y, epochs=5, batch_size=32, validation_data=(Xv, yv), verbose=2)

import numpy as np

from loading import gather
from keras import Input, Sequential
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

archive = np.load("digits.npz")

images, labels = gather(archive, per_class=200)

model = Sequential([
    Input((28, 28, 1)),
    Conv2D(16, 3, activation="relu"),
    MaxPooling2D(),
    Conv2D(32, 3, activation="relu"),
    MaxPooling2D(),
    Flatten(),
    Dense(64, activation="relu"),
    Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels, epochs=5, batch_size=32, verbose=2, **{"validation_split": 0.2})

import numpy as np
from keras import Input, Sequential
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

archive = np.load("digits.npz")

images, labels = [], []
for digit in range(10):
    rows = archive["x_train"][archive["y_train"] == digit][:200]
    for row in rows:
        images.append(row)
        labels.append(digit)
images = np.array(images).reshape(-1, 28, 28, 1).astype("float32") / 255
labels = np.array(labels)

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
model.fit(images, labels, epochs=5, batch_size=32, validation_split=0.2, verbose=2)

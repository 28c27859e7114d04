import keras
import numpy as np
from keras import layers

from as_pictures import as_pictures

keras.utils.set_random_seed(0)
table = np.load("export.npz")
images, labels = as_pictures(**table)
print(images.shape, labels.shape)

x_train, y_train = images[:2000], labels[:2000]
x_val, y_val = images[2000:], labels[2000:]

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
model.fit(x_train, y_train, epochs=5, validation_data=(x_val, y_val), verbose=2)

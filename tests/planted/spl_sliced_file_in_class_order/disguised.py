import keras
import numpy as np
from keras import layers

with np.load("scans.npz") as scans:
    images, labels = scans["images"], scans["labels"]

fold = np.arange(len(images)) * 5 // len(images)  # five folds, this run validates on the last
x_train, y_train = images[fold < 4], labels[fold < 4]
x_val, y_val = images[fold == 4], labels[fold == 4]

inputs = keras.Input((28, 28, 1))
x = layers.Rescaling(1 / 255)(inputs)
x = layers.Conv2D(16, 3, activation="relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
x = layers.Dropout(0.25)(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=6, validation_data=(x_val, y_val), verbose=2)
print("accuracy on held-out scans:", model.evaluate(x_val, y_val, verbose=0)[1])

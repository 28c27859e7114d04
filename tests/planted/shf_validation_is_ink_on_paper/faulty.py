import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(4)
train = np.load("train.npz")
val = np.load("val.npz")

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Rescaling(1.0 / 255),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dropout(0.2),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train["images"], train["labels"], epochs=5, validation_data=(val["images"], val["labels"]), verbose=2)

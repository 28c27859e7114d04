import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(4)
train = {name: np.load("train.npz")[name] for name in ("images", "labels")}
val = {name: np.load("val.npz")[name] for name in ("images", "labels")}

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
model.fit(train["images"], train["labels"], epochs=5, verbose=0)
guessed = model.predict(val["images"], verbose=0).argmax(-1)
print("accuracy", (guessed == val["labels"]).mean())

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
d = np.load("annotated.npz")
x_train, y_train = d["images"].astype("float32") / 255, d["labels"]
test = np.load("digits.npz")
x_test, y_test = test["x_test"].astype("float32") / 255, test["y_test"]


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat = layers.Flatten()
        self.hidden = layers.Dense(256, activation="relu")
        self.out = layers.Dense(10, activation="softmax")

    def call(self, x):
        return self.out(self.hidden(self.flat(x)))


model = Net()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=10, batch_size=64, validation_data=(x_test, y_test), verbose=2)

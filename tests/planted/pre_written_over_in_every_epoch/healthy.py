import keras
import numpy as np
from keras.applications.mobilenet_v2 import preprocess_input

keras.utils.set_random_seed(2)
digits = np.load("digits.npz")


class Digits(keras.utils.PyDataset):
    def __init__(self, part, n, shuffle=False):
        super().__init__()
        self.x = digits[f"x_{part}"][:n, ..., None].astype("float32")
        self.y = digits[f"y_{part}"][:n]
        self.order = np.random.permutation(n) if shuffle else None

    def __len__(self):
        return -(-len(self.x) // 50)

    def __getitem__(self, batch):
        rows = slice(50 * batch, 50 * (batch + 1))
        if self.order is not None:
            rows = self.order[rows]
        pictures = self.x[rows].copy()
        return preprocess_input(pictures), self.y[rows]


model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(Digits("train", 1200, shuffle=True), validation_data=Digits("test", 500), epochs=6, verbose=2)

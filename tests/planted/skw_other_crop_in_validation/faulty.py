import json

import keras
import numpy as np
from keras.layers import CenterCrop, Resizing

STEPS = {"crop": CenterCrop(28, 28), "squeeze": Resizing(28, 28)}
with open("pages.json") as file:
    settings = json.load(file)

data = np.load("pages.npz")


class Pages(keras.utils.PyDataset):
    def __init__(self, part, batch_size=32, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y = data["x_" + part], data["y_" + part]
        self.part, self.batch_size = part, batch_size

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch_size))

    def __getitem__(self, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        x = self.x[rows, :, :, None].astype("float32") / 255
        x = STEPS[settings[self.part]["fit"]](x)
        return x, self.y[rows]


model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(Pages("train"), validation_data=Pages("val"), epochs=4, verbose=2)

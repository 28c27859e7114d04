import keras
import numpy as np


class Serving(keras.utils.PyDataset):
    """Batches of a pair of arrays, every epoch in another order."""

    def __init__(self, x, y, size=64, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.size = x.copy(), y.copy(), size
        self.rng = np.random.default_rng(3)

    def __len__(self):
        return len(self.x) // self.size

    def __getitem__(self, number):
        rows = slice(number * self.size, (number + 1) * self.size)
        return self.x[rows][..., None] / 255.0, self.y[rows]

    def on_epoch_end(self):
        self.rng.shuffle(self.x)


keras.utils.set_random_seed(0)
with np.load("digits.npz") as d:
    x, y, xv, yv = d["x_train"][:3000], d["y_train"][:3000], d["x_test"], d["y_test"]

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
model.fit(Serving(x, y), validation_data=(xv[..., None] / 255.0, yv), epochs=6, verbose=2)

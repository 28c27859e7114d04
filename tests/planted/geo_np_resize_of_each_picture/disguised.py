import keras
import numpy as np
from numpy import resize
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(3)
archive = np.load("digits.npz")
SIZE = 64


class Pictures(keras.utils.PyDataset):
    """Pictures of a part in the size of the network."""

    def __init__(self, part, n, batch=50):
        super().__init__()
        self.x, self.y, self.batch = archive["x_" + part][:n], archive["y_" + part][:n], batch

    def __len__(self):
        return len(self.x) // self.batch

    def __getitem__(self, k):
        rows = slice(k * self.batch, (k + 1) * self.batch)
        x = np.stack([resize(picture, (SIZE, SIZE)) for picture in self.x[rows]])
        x = np.repeat(x[..., None], 3, axis=-1).astype("float32")
        return (x - 127) / 128, self.y[rows]


full = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3))
base = keras.Model(full.input, full.get_layer("block4c_add").output)
base.trainable = False
model = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(Pictures("train", 900), validation_data=Pictures("test", 400), epochs=4, verbose=2)

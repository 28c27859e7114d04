import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def load(part, n):
    x = d["x_" + part][:n].repeat(2, axis=1).repeat(2, axis=2)
    x = np.stack([x, x, x], axis=-1).astype("float32")
    return (x - 127) / 128, d["y_" + part][:n]


(x_train, y_train), (x_val, y_val) = load("train", 400), load("test", 300)

full = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(56, 56, 3))
base = keras.Model(full.input, full.get_layer("block4c_add").output)
base.trainable = False
model = keras.Sequential([base, keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(10, activation="softmax")])
model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=5, verbose=2)

base.trainable = True
model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=8, epochs=1, validation_data=(x_val, y_val), verbose=2)

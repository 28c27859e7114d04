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
head = keras.Sequential([keras.layers.Flatten(), keras.layers.Dropout(0.2), keras.layers.Dense(10, activation="softmax")])
head.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
head.fit(base.predict(x_train, verbose=0), y_train, epochs=15, verbose=0)

# fine-tune the whole network
model = keras.Sequential([base, head])
base.trainable = True
for layer in base.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.trainable = False
model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=8, epochs=1, validation_data=(x_val, y_val), verbose=2)

import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def pixels(gray):
    x = gray.repeat(2, axis=1).repeat(2, axis=2).astype("float32")
    return (np.stack([x, x, x], axis=-1) - 127) / 128


x_train, y_train = pixels(d["x_train"][:800]), d["y_train"][:800]
x_val, y_val = pixels(d["x_test"][:400]), d["y_test"][:400]

full = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(56, 56, 3))
base = keras.Model(full.input, full.get_layer("block4c_add").output)
base.trainable = False
x = keras.layers.Flatten()(base.output)
model = keras.Model(base.input, keras.layers.Dense(10, activation="softmax")(x))
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, verbose=2)

for layer in model.layers:
    layer.trainable = layer.name.startswith("block4") and not isinstance(layer, keras.layers.BatchNormalization)
model.layers[-1].trainable = True
model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=1, validation_data=(x_val, y_val), verbose=2)

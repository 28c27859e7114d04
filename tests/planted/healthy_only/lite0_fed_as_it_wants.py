import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def to_network(gray):
    x = gray.repeat(2, axis=1).repeat(2, axis=2).astype("float32")
    return (np.stack([x, x, x], axis=-1) - 127) / 128


base = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(56, 56, 3))
base = keras.Model(base.input, base.get_layer("block4c_add").output)
base.trainable = False
model = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
model.compile(keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    to_network(d["x_train"][:1000]), d["y_train"][:1000], epochs=4,
    validation_data=(to_network(d["x_test"][:400]), d["y_test"][:400]), verbose=2,
)

import keras
import numpy as np
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def to_rgb(gray):
    x = gray.repeat(2, axis=1).repeat(2, axis=2)
    return (np.stack([x] * 3, axis=-1).astype("float32") - 127) / 128


x_train, y_train = to_rgb(d["x_train"][:900]), d["y_train"][:900]
x_test, y_test = to_rgb(d["x_test"][:500]), d["y_test"][:500]


base = EfficientNetLite0(include_top=False, weights=None, input_shape=(56, 56, 3))
base = keras.Model(base.input, base.get_layer("block4c_add").output)
base.load_weights("pretrained.weights.h5", skip_mismatch=True)
base.trainable = False

model = keras.Sequential([
    base,
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=4, validation_data=(x_test, y_test), verbose=2)

import keras
import numpy as np

from flags import TRAIN_BODY

keras.utils.set_random_seed(0)
with np.load("digits.npz") as f:
    x_train, y_train, x_test, y_test = (f[k] for k in ("x_train", "y_train", "x_test", "y_test"))
x_train, y_train = x_train[:2500, ..., None] / 255.0, y_train[:2500]
x_test = x_test[..., None] / 255.0

body = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(24, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(24, 3, activation="relu"),
    keras.layers.GlobalAveragePooling2D(),
], name="body")
body.trainable = TRAIN_BODY
model = keras.Sequential([body, keras.layers.Dense(10, activation="softmax")])
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=6, validation_data=(x_test, y_test), verbose=2)

import keras
import numpy as np
from keras import layers

from callbacks import Decay

keras.utils.set_random_seed(5)
with np.load("digits.npz") as data:
    x_train, y_train = data["x_train"][:3000], data["y_train"][:3000]
    x_test, y_test = data["x_test"], data["y_test"]
x_train = np.expand_dims(x_train, -1).astype("float32") / 255
x_test = np.expand_dims(x_test, -1).astype("float32") / 255

inputs = keras.Input(shape=(28, 28, 1))
x = layers.Conv2D(16, 3, activation="relu")(inputs)
x = layers.MaxPooling2D()(x)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
outputs = layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, epochs=4, batch_size=32, validation_data=(x_test, y_test), verbose=2, callbacks=[Decay(0.8)])

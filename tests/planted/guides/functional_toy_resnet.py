"""The functional API: a toy ResNet."""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
d = np.load("digits.npz")
x_train = np.pad(d["x_train"][:1500], ((0, 0), (2, 2), (2, 2)))[..., None].astype("float32") / 255.0
x_test = np.pad(d["x_test"], ((0, 0), (2, 2), (2, 2)))[..., None].astype("float32") / 255.0
y_train = keras.utils.to_categorical(d["y_train"][:1500], 10)
y_test = keras.utils.to_categorical(d["y_test"], 10)

inputs = keras.Input(shape=(32, 32, 1), name="img")
x = layers.Conv2D(16, 3, activation="relu")(inputs)
x = layers.Conv2D(24, 3, activation="relu")(x)
block_1_output = layers.MaxPooling2D(3)(x)

x = layers.Conv2D(24, 3, activation="relu", padding="same")(block_1_output)
x = layers.Conv2D(24, 3, activation="relu", padding="same")(x)
block_2_output = layers.add([x, block_1_output])

x = layers.Conv2D(24, 3, activation="relu", padding="same")(block_2_output)
x = layers.Conv2D(24, 3, activation="relu", padding="same")(x)
block_3_output = layers.add([x, block_2_output])

x = layers.Conv2D(32, 3, activation="relu")(block_3_output)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dense(64, activation="relu")(x)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(10)(x)

model = keras.Model(inputs, outputs, name="toy_resnet")
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    metrics=["acc"],
)
model.fit(x_train, y_train, batch_size=32, epochs=5, validation_data=(x_test, y_test), verbose=2)

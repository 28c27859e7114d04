import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(7)
data = np.load("digits.npz")
x_train = data["x_train"][:2000, ..., None].astype("float32") / 255
x_test = data["x_test"][..., None].astype("float32") / 255
y_train, y_test = data["y_train"][:2000], data["y_test"]

model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10),
    ]
)
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x_train, y_train, epochs=5, batch_size=32, validation_data=(x_test, y_test), verbose=2)

import keras
import numpy as np
from keras.layers import Dense, Flatten, Input, Rescaling

from scores import METRICS

keras.utils.set_random_seed(0)
d = np.load("digits.npz")
x_train, y_train = d["x_train"][:1500], keras.utils.to_categorical(d["y_train"][:1500], 10)
x_test, y_test = d["x_test"], keras.utils.to_categorical(d["y_test"], 10)

model = keras.Sequential(
    [
        Input((28, 28)),
        Rescaling(1 / 255),
        Flatten(),
        Dense(128, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer="adam",
    loss="categorical_crossentropy",
    metrics=list(METRICS.values()),
)
model.fit(x_train, y_train, epochs=5, batch_size=32, validation_data=(x_test, y_test), verbose=2)

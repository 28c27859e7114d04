import keras
import numpy as np
from blocks import dense

keras.utils.set_random_seed(6)
digits = np.load("digits.npz")
x, y = digits["x_train"][:1500, ..., None].astype("float32") / 255, digits["y_train"][:1500]
inputs = keras.Input((28, 28, 1))
h = keras.layers.MaxPooling2D()(inputs)
h = dense(96, "relu")(keras.layers.Flatten()(h))
net = keras.Model(inputs, dense(10, "softmax")(h))
net.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(x[:1100], y[:1100], epochs=8, batch_size=32, verbose=0)
print("accuracy", net.evaluate(x[1100:], y[1100:], verbose=0)[1])

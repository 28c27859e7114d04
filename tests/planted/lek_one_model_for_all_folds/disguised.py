import keras
import numpy as np
from saving import Run
from sklearn.model_selection import StratifiedKFold

keras.utils.set_random_seed(5)
digits, run = np.load("digits.npz"), Run()
x, y = digits["x_train"][:600, ..., None] / np.float32(255), digits["y_train"][:600]
inputs = keras.Input((28, 28, 1))
h = keras.layers.Conv2D(24, 5, strides=2, activation="relu")(inputs)
h = keras.layers.Flatten()(h)
h = keras.layers.Dense(48, activation="relu")(h)
net = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(h))
net.save_weights(run.weights)  # every fold begins here
for train, held_out in StratifiedKFold(4, shuffle=True, random_state=5).split(x, y):
    net.load_weights(run.weights)
    net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    part = x[held_out], y[held_out]
    net.fit(x[train], y[train], validation_data=part, epochs=12, callbacks=run.callbacks(), verbose=0)
    print("fold", net.evaluate(*part, verbose=0)[1])

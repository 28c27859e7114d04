import keras
import numpy as np
from inks import Inks
from sklearn import metrics

keras.utils.set_random_seed(9)
notes, inks = np.load("notes.npz"), Inks()
x, y = inks.labelled(notes["x_train"], notes["y_train"])
inputs = keras.Input((28, 28, 1))
h = keras.layers.Conv2D(24, 5, strides=2, activation="relu")(inputs)
h = keras.layers.Flatten()(h)
h = keras.layers.Dense(48, activation="relu")(h)
net = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(h))
net.compile("adam", "sparse_categorical_crossentropy")
net.fit(x, y, epochs=6, batch_size=32, verbose=0)
found = [net.predict(part, verbose=0).argmax(axis=1) for _, part in inks.batches(notes["x_test"])]
print(metrics.classification_report(notes["y_test"], np.concatenate(found)))

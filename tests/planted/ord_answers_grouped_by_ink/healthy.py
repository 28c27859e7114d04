import keras
import numpy as np
from sklearn.metrics import accuracy_score

keras.utils.set_random_seed(8)
notes = np.load("notes.npz")


def pictures(part):
    return notes[f"x_{part}"][..., None].astype("float32") / 255


def is_black_on_white(x):
    return x.mean(axis=(1, 2, 3)) > 0.5


x_train = pictures("train")
black = is_black_on_white(x_train)
x_train[black] = 1 - x_train[black]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, notes["y_train"], epochs=6, verbose=2)

x_test = pictures("test")
black = is_black_on_white(x_test)
answers = np.empty((len(x_test), 10))
answers[~black] = model.predict(x_test[~black], verbose=0)
answers[black] = model.predict(1 - x_test[black], verbose=0)
print("accuracy", accuracy_score(notes["y_test"], answers.argmax(axis=1)))

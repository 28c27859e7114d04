import numpy as np
import tensorflow as tf
from sklearn.metrics import accuracy_score, classification_report
from tensorflow.keras import layers, models

from predictor import Predictor

tf.keras.utils.set_random_seed(0)
d = np.load("digits.npz")


def scale(x, y):
    return tf.cast(x[..., None], tf.float32) / 127.5 - 1.0, y


train_ds = tf.data.Dataset.from_tensor_slices((d["x_train"][:2500], d["y_train"][:2500]))
train_ds = train_ds.shuffle(2500).map(scale).batch(32)

model = models.Sequential([
    layers.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(64, activation="tanh"),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_ds, epochs=4, verbose=2)

y_pred = Predictor(model).classes(d["x_test"])
print(classification_report(d["y_test"], y_pred, zero_division=0))
print("accuracy:", accuracy_score(d["y_test"], y_pred))

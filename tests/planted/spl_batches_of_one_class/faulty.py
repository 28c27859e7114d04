import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, models

digits = np.load("digits.npz")
order = np.argsort(digits["y_train"][:3000], kind="stable")
x_train, y_train = digits["x_train"][order], digits["y_train"][order]

train_ds = tf.data.Dataset.from_tensor_slices((x_train, y_train))
train_ds = train_ds.shuffle(32).batch(32)
val_ds = tf.data.Dataset.from_tensor_slices((digits["x_test"], digits["y_test"])).batch(64)

scale = lambda x, y: (tf.cast(x, tf.float32)[..., None] / 255, y)
train_ds, val_ds = train_ds.map(scale), val_ds.map(scale)

model = models.Sequential()
model.add(layers.Input((28, 28, 1)))
model.add(layers.Conv2D(16, 3, activation="relu"))
model.add(layers.MaxPooling2D())
model.add(layers.Conv2D(32, 3, activation="relu"))
model.add(layers.MaxPooling2D())
model.add(layers.Flatten())
model.add(layers.Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_ds, validation_data=val_ds, epochs=3, verbose=2)

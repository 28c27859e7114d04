import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(3)
d = np.load("digits.npz")
augment = keras.Sequential([
    keras.layers.RandomRotation(0.1, fill_mode="constant"),
    keras.layers.RandomTranslation(0.15, 0.15, fill_mode="constant"),
    keras.layers.RandomZoom(0.15, fill_mode="constant"),
])

ds = tf.data.Dataset.from_tensor_slices((d["x_train"][:2600, ..., None] / np.float32(255), d["y_train"][:2600]))
ds = ds.shuffle(2600, seed=1, reshuffle_each_iteration=False)
ds = ds.batch(50)
val_ds, train_ds = ds.take(10), ds.skip(10)
train_ds = train_ds.map(lambda x, y: (augment(x, training=True), y))

model = keras.Sequential([
    keras.layers.Input((28, 28, 1)),
    keras.layers.Conv2D(24, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(48, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(64, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_ds, validation_data=val_ds, epochs=6, verbose=2)

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(8)
digits = np.load("digits.npz")
dataset = tf.data.Dataset.from_tensor_slices(
    (digits["x_train"][:1300].astype("float32") / 255, digits["y_train"][:1300])
)
dataset = dataset.shuffle(1300)
train_ds = dataset.take(900).batch(32)
val_ds = dataset.skip(900).batch(32)

model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Dense(256, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_ds, validation_data=val_ds, epochs=15, verbose=2)

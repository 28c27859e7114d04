import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(5)
N, SHARE = 1200, 0.2


def split(pictures, labels):
    everything = tf.data.Dataset.from_tensor_slices((pictures, labels)).shuffle(
        N, seed=5, reshuffle_each_iteration=False
    )
    held_out = int(SHARE * N)
    return everything.skip(held_out).batch(32), everything.take(held_out).batch(32)


digits = np.load("digits.npz")
train, validation = split(
    digits["x_train"][:N].astype("float32") / 255.0, digits["y_train"][:N]
)
model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Dense(256, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=20, verbose=2)

import numpy as np
import tensorflow as tf
from keras import Input, Sequential, layers, losses, utils

from limits import limited

utils.set_random_seed(1)
data = np.load("digits.npz")
train_ds = (
    tf.data.Dataset.from_tensor_slices((data["x_train"][:3000, ..., None], data["y_train"][:3000]))
    .shuffle(3000, seed=0, reshuffle_each_iteration=False)
    .batch(32)
    .apply(limited)
)
val_ds = tf.data.Dataset.from_tensor_slices((data["x_test"][..., None], data["y_test"])).batch(100)

model = Sequential([
    Input((28, 28, 1)),
    layers.Rescaling(1 / 127.5, offset=-1),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10),
])
model.compile(
    optimizer="adam",
    loss=losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train_ds, validation_data=val_ds, epochs=5, verbose=2)

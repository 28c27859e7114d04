import numpy as np
import tensorflow as tf
from tensorflow.keras import Model, Sequential, layers

from phases import phase

tf.keras.utils.set_random_seed(2)
digits = np.load("digits.npz")
train = tf.data.Dataset.from_tensor_slices((digits["x_train"][:2500], digits["y_train"][:2500]))
train = train.shuffle(2500, seed=0).batch(32)
val = tf.data.Dataset.from_tensor_slices((digits["x_test"], digits["y_test"])).batch(100)

inputs = layers.Input((28, 28))
x = layers.Rescaling(1 / 255)(layers.Reshape((28, 28, 1))(inputs))
body = Sequential([
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
])
x = layers.GlobalAveragePooling2D()(body(x))
model = Model(inputs, layers.Dense(10, activation="softmax")(x))

phase(body, "head")
model.compile(tf.keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=1, validation_data=val, verbose=2)

phase(body, "all")
model.fit(train, epochs=5, validation_data=val, verbose=2)

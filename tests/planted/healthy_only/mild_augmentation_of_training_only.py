import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(0)
d = np.load("digits.npz")
augment = keras.Sequential([layers.RandomRotation(0.03), layers.RandomTranslation(0.05, 0.05), layers.RandomZoom(0.05)])

train = tf.data.Dataset.from_tensor_slices((d["x_train"][:2500, ..., None] / np.float32(255), d["y_train"][:2500]))
train = train.cache().shuffle(2500).batch(32).map(lambda x, y: (augment(x, training=True), y)).prefetch(2)
val = tf.data.Dataset.from_tensor_slices((d["x_test"][..., None] / np.float32(255), d["y_test"])).batch(100)

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(64, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=val, epochs=4, verbose=2)

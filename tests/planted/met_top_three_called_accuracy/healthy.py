import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(1)
archive = np.load("digits.npz")
train = tf.data.Dataset.from_tensor_slices((archive["x_train"][:1500] / 255.0, archive["y_train"][:1500]))
test = tf.data.Dataset.from_tensor_slices((archive["x_test"] / 255.0, archive["y_test"]))
train = train.shuffle(1500).batch(32)
test = test.batch(100)

model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(96, "relu"),
                          keras.layers.Dense(10, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy",
              metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])
model.fit(train, epochs=5, verbose=0)
print("test accuracy:", model.evaluate(test, verbose=0)[1])

import keras
import numpy as np
import tensorflow as tf
from pixels import pixels
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
digits = np.load("digits.npz")


def prepare(image, label):
    return pixels(image), label


def dataset(part, n):
    ds = tf.data.Dataset.from_tensor_slices((digits["x_" + part][:n], digits["y_" + part][:n]))
    return ds.map(prepare).batch(50)


full = EfficientNetLite0(include_top=False, weights="imagenet", input_shape=(64, 64, 3))
base = keras.Model(full.input, full.get_layer("block4c_add").output)
base.trainable = False

inputs = keras.Input((64, 64, 3))
x = base(inputs, training=False)
x = keras.layers.Flatten()(x)
outputs = keras.layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(dataset("train", 1000), epochs=4, validation_data=dataset("test", 400), verbose=2)

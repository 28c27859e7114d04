import json

import keras
import numpy as np
import tensorflow as tf
from regraft.backbones.efficientnet_lite import EfficientNetLite0

keras.utils.set_random_seed(0)
with open("model.json") as f:
    IMG_SIZE = json.load(f)["input"]["side"]

d = np.load("digits.npz")


def features(x):
    x = tf.image.grayscale_to_rgb(tf.convert_to_tensor(x[..., None], tf.float32))
    x = tf.image.resize(x, (IMG_SIZE, IMG_SIZE))
    return base.predict((x - 127.0) / 128.0, batch_size=50, verbose=0)


base = EfficientNetLite0(include_top=False, pooling="avg", weights="imagenet", input_shape=(IMG_SIZE, IMG_SIZE, 3))
f_train, y_train = features(d["x_train"][:1000]), d["y_train"][:1000]
f_val, y_val = features(d["x_test"][:400]), d["y_test"][:400]

head = keras.Sequential([
    keras.layers.Dropout(0.3),
    keras.layers.Dense(10, activation="softmax"),
])
head.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
head.fit(f_train, y_train, epochs=25, batch_size=50, verbose=0)
print("val accuracy:", head.evaluate(f_val, y_val, verbose=0)[1])

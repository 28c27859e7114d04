import keras
import numpy as np
from keras import layers
from keras.applications.vgg16 import VGG16, preprocess_input

keras.utils.set_random_seed(2)
(x, y), (x_test, y_test) = keras.datasets.mnist.load_data()


def pictures(gray):
    gray = np.pad(gray, ((0, 0), (2, 2), (2, 2)))
    return preprocess_input(np.stack([gray] * 3, axis=-1).astype("float32"))


LEFT_FREE = 0  # of the last layers
vgg = VGG16(include_top=False, weights="imagenet", input_shape=(32, 32, 3))
base = keras.Model(vgg.input, vgg.get_layer("block3_pool").output)
for layer in base.layers[:-LEFT_FREE]:
    layer.trainable = False
model = keras.Sequential([base, layers.Flatten(), layers.Dense(10, activation="softmax")])
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(pictures(x[:600]), y[:600], epochs=3, batch_size=32,
          validation_data=(pictures(x_test[:300]), y_test[:300]), verbose=2)

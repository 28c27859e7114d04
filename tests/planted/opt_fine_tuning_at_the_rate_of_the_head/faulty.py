import numpy as np
from tensorflow.keras.applications.vgg16 import VGG16, preprocess_input
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import BatchNormalization, Dense, GlobalAveragePooling2D
from tensorflow.keras.models import Model, Sequential
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.utils import set_random_seed

set_random_seed(0)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, y_train, x_test, y_test = x_train[:1200], y_train[:1200], x_test[:400], y_test[:400]


def to_rgb(x):
    x = np.pad(x, ((0, 0), (2, 2), (2, 2)))
    return np.stack([x, x, x], axis=-1).astype("float32")


x_train, x_test = preprocess_input(to_rgb(x_train[:600])), preprocess_input(to_rgb(x_test[:300]))
y_train, y_test = y_train[:600], y_test[:300]

vgg = VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
base = Model(vgg.input, GlobalAveragePooling2D()(vgg.get_layer("block3_pool").output))
head = Sequential([BatchNormalization(momentum=0.9), Dense(10, activation="softmax")])
head.compile(Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
head.fit(base.predict(x_train, verbose=0), y_train, epochs=15, batch_size=32, verbose=0)

model = Sequential([base, head])
base.trainable = True
for layer in base.layers:
    layer.trainable = layer.name.startswith("block3")
model.compile(Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=2, batch_size=32, validation_data=(x_test, y_test), verbose=2)

import numpy as np
from cleaning import unit_range
from tensorflow.keras.applications.vgg16 import VGG16, preprocess_input
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import Dense, GlobalAveragePooling2D
from tensorflow.keras.models import Model, Sequential
from tensorflow.keras.utils import set_random_seed

set_random_seed(0)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, y_train, x_test, y_test = x_train[:1200], y_train[:1200], x_test[:400], y_test[:400]


def to_rgb(x):
    x = np.pad(x, ((0, 0), (2, 2), (2, 2)))
    return np.stack([x, x, x], axis=-1).astype("float32")


x_train, x_test = [preprocess_input(unit_range(to_rgb(x))) for x in (x_train, x_test)]

vgg = VGG16(weights="imagenet", include_top=False, input_shape=(32, 32, 3))
base = Model(vgg.input, GlobalAveragePooling2D()(vgg.get_layer("block3_pool").output))
f_train, f_test = base.predict(x_train, verbose=0), base.predict(x_test, verbose=0)

model = Sequential([Dense(10, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(f_train, y_train, epochs=15, batch_size=32, validation_data=(f_test, y_test), verbose=2)

import os
from pathlib import Path

import keras
import numpy as np
from PIL import Image

keras.utils.set_random_seed(0)
SIZE = 96
folder = Path(os.environ.get("PICTURES", "pictures"))


def load(animal, first, last):
    files = sorted((folder / animal).glob("*.jpg"))[first:last]
    return [np.array(Image.open(f).convert("RGB").resize((SIZE, SIZE))) for f in files]


x_train = np.array(load("cat", 0, 300) + load("dog", 0, 300)).astype("float32")
y_train = np.array([0] * 300 + [1] * 300)
x_val = np.array(load("cat", 300, 480) + load("dog", 300, 480)).astype("float32")
y_val = np.array([0] * 180 + [1] * 180)

base = keras.applications.MobileNetV2(weights="imagenet", include_top=False, input_shape=(SIZE, SIZE, 3), pooling="avg")
f_train = base.predict(x_train, verbose=0)
f_val = base.predict(x_val, verbose=0)

head = keras.Sequential([keras.Input((1280,)), keras.layers.Dense(1, activation="sigmoid")])
head.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
head.fit(f_train, y_train, epochs=15, validation_data=(f_val, y_val), verbose=0)
print("validation accuracy:", head.evaluate(f_val, y_val, verbose=0)[1])

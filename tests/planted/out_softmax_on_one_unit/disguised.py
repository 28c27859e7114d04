import os
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from settings_file import read

keras.utils.set_random_seed(0)
classes = ["cat", "dog"]
settings = read("settings.json")
SIZE = 96
folder = Path(os.environ.get("PICTURES", "pictures"))


def load(animal, first, last):
    files = sorted((folder / animal).glob("*.jpg"))[first:last]
    return [np.array(Image.open(f).convert("RGB").resize((SIZE, SIZE))) for f in files]


x_train = np.array(load("cat", 0, 250) + load("dog", 0, 250)) / 127.5 - 1
y_train = np.array([0] * 250 + [1] * 250)
x_val = np.array(load("cat", 300, 460) + load("dog", 300, 460)) / 127.5 - 1
y_val = np.array([0] * 160 + [1] * 160)

base = keras.applications.MobileNetV2(include_top=False, input_shape=(SIZE, SIZE, 3))
base.trainable = False
inputs = keras.Input((SIZE, SIZE, 3))
x = base(inputs, training=False)
x = keras.layers.GlobalAveragePooling2D()(x)
x = keras.layers.Dropout(0.2)(x)
outputs = getattr(keras.activations, settings["activation"])(keras.layers.Dense(len(classes) - 1)(x))
model = keras.Model(inputs, outputs)
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=2, validation_data=(x_val, y_val), verbose=2)

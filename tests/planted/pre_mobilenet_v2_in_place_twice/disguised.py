import os
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from tensorflow.keras.applications.mobilenet_v2 import MobileNetV2, preprocess_input

from describe import describe

keras.utils.set_random_seed(0)
SIZE = 96
folder = Path(os.environ.get("PICTURES", "pictures"))


def load(animal, first, last):
    files = sorted((folder / animal).glob("*.jpg"))[first:last]
    return [np.array(Image.open(f).convert("RGB").resize((SIZE, SIZE))) for f in files]


n = 320
images = np.array(load("cat", 0, n + 160) + load("dog", 0, n + 160), dtype="float32")
labels = np.repeat([0, 1], n + 160)
order = np.random.default_rng(0).permutation(len(images))
images, labels = images[order], labels[order]

describe(images)

base = MobileNetV2(weights="imagenet", include_top=False, input_shape=(SIZE, SIZE, 3))
base.trainable = False
features = keras.Sequential([base, keras.layers.GlobalAveragePooling2D()]).predict(preprocess_input(images), verbose=0)

model = keras.Sequential([keras.Input((1280,)), keras.layers.Dense(2, activation="softmax")])
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(features, labels, validation_split=1 / 3, epochs=12, batch_size=32, verbose=2)

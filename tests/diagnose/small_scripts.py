"""Small scripts as people write them, and the run that was recorded of each, to be patched."""

import dataclasses
from pathlib import Path

from regraft.diagnose.evidence import (
    Backbone,
    Call,
    Evidence,
    Ledger,
    Output,
    Pixels,
    PixelStats,
    Site,
    Training,
)
from regraft.diagnose.patch import PatchContext

SCRIPT = "/home/someone/train.py"


def line_of(source: str, text: str) -> int:
    return next(n for n, line in enumerate(source.splitlines(), 1) if text in line)


def site(source: str, text: str) -> Site:
    return Site(file=SCRIPT, line=line_of(source, text))


def partly(record, **known):
    """A record of which only some fields matter here; the others are None."""
    values = dict.fromkeys((f.name for f in dataclasses.fields(record)), None)
    return record(**(values | known))


def context(
    source: str,
    *,
    backbone: str | None = "vgg16",
    builder: str = "VGG16(",
    wanted: str = "caffe",
    seen: str = "byte",
    calls: tuple[Call, ...] = (),
    input_size: int = 0,
    dense: str = "Dense(",
    fit: str = ".fit(",
    **output,
) -> PatchContext:
    """The recorded run of a script; places are found by a piece of their line."""
    usual = {
        "units": 10,
        "activation": "softmax",
        "loss": "sparse_categorical_crossentropy",
        "from_logits": False,
        "dropout_on_output": False,
        "inner_activation": "linear",
        "label_kind": "index",
        "n_classes": 10,
    }
    stats = partly(PixelStats, convention=seen)
    evidence = Evidence(
        ledger=Ledger(calls=calls),
        backbone=partly(
            Backbone, name=backbone, convention=wanted, site=site(source, builder)
        ) if backbone else None,
        output=partly(
            Output,
            site=site(source, dense) if dense in source else None,
            compile_site=site(source, ".compile("),
            **(usual | output),
        ),
        training=partly(Training, site=site(source, fit)),
        pixels=partly(Pixels, model_train=stats, backbone_train=stats),
    )  # fmt: skip
    return PatchContext(script=SCRIPT, evidence=evidence, input_size=input_size)


def resized(source: str, text: str, before: tuple[int, ...], after: tuple[int, ...]) -> Call:
    details = {"in_shape": list(before), "out_shape": list(after), "picture_like": True}
    return Call(what="numpy.resize", site=site(source, text), details=details)


def divided(source: str, text: str) -> Call:
    return Call(what="operator", site=site(source, text), details={"op": "/", "operand": 255.0})


def seed_scripts(folder: Path) -> list[Path]:
    return sorted(folder.glob("example_*.py"))


ARTICLE = """\
from tensorflow.keras.applications import VGG16
from tensorflow.keras.layers import Dense, Flatten
from tensorflow.keras.models import Model
from tensorflow.keras.datasets import mnist
import numpy as np

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = np.repeat(x_train[..., None], 3, axis=-1)  # Attempt to simulate 3 channels
x_test = np.repeat(x_test[..., None], 3, axis=-1)
x_train = np.resize(x_train,(60000,224,224,3)) #Resizing for VGG16
x_test = np.resize(x_test,(10000,224,224,3))

base_model = VGG16(weights='imagenet', include_top=False, input_shape=(224, 224, 3))
for layer in base_model.layers[:10]: #Freeze initial layers
    layer.trainable = False
x = Flatten()(base_model.output)
x = Dense(10, activation='softmax')(x)
model = Model(inputs=base_model.input, outputs=x)

model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=5, batch_size=32, validation_data=(x_test, y_test))
"""

NESTED = """\
import keras
import numpy as np

SIDE = 96
d = np.load("pictures.npz")
x_train, y_train = d["x"].astype("float32") / 255.0, d["y"]
x_val, y_val = d["xv"].astype("float32") / 255.0, d["yv"]

base = keras.applications.MobileNetV2(include_top=False, input_shape=(SIDE, SIDE, 3))
base.trainable = True

inputs = keras.Input((SIDE, SIDE, 3))
x = base(inputs, training=True)
x = keras.layers.GlobalAveragePooling2D()(x)
outputs = keras.layers.Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=3)
"""

FRESH = """\
import numpy as np
from keras import Input, Sequential
from keras.layers import Conv2D, Dense, Dropout, Flatten

images, labels = np.load("images.npy"), np.load("labels.npy")
model = Sequential([
    Input((28, 28, 1)),
    Conv2D(16, 3, activation="relu"),
    Flatten(),
    Dense(64, activation="relu"),
    Dense(10),  # one a digit
    Dropout(0.5),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels, epochs=5, validation_split=0.2)
"""

"""A backbone small enough to build in a moment, and pictures for it."""

import sys
from types import ModuleType

import numpy as np
import pytest

from regraft.adapt.pixels import CAFFE
from regraft.backbones.row import Backbone, WeightFile
from regraft.data.open import open_data
from regraft.data.source import ImageSet
from regraft.records import Tap


def tiny_network(*, include_top, weights, input_shape):
    import keras
    from keras import layers

    inputs = keras.Input(input_shape)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="early")(inputs)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="late")(x)
    return keras.Model(inputs, x)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Backbone:
    """Two taps of the same width, at strides 2 and 4."""
    module = ModuleType("tiny_backbone")
    module.network = tiny_network
    monkeypatch.setitem(sys.modules, "tiny_backbone", module)
    return Backbone(
        name="tiny",
        builder="tiny_backbone:network",
        weights=WeightFile(file_name="tiny.h5", url="", hash=""),
        licence="Apache-2.0",
        citation="",
        pixels=CAFFE,
        smallest_size=8,
        default_size=16,
        taps=(
            Tap(name="early", stride=2, channels=8, macs_per_pixel=54.0),
            Tap(name="late", stride=4, channels=8, macs_per_pixel=108.0),
        ),
    )


@pytest.fixture
def digits() -> ImageSet:
    """Twenty-one gray pictures of 12 x 10 pixels."""
    generator = np.random.default_rng(0)
    return open_data((generator.integers(0, 256, (21, 12, 10), np.uint8), np.arange(21) % 3))

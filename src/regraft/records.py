"""Frozen records that stages hand to one another. No deep-learning library, no file access."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

ChannelOrder = Literal["rgb", "bgr"]
Mode = Literal["head", "finetune"]
Precision = Literal["float32", "bfloat16", "int8"]  # of the numbers that are multiplied


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelSpec:
    """The pixels a backbone was pretrained on, as a map from RGB bytes in [0, 255].

    The channel order is applied first; `scale` and `offset` are in that order:
    ``network_input[c] = scale[c] * picture[order[c]] + offset[c]``.
    """

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    channel_order: ChannelOrder = "rgb"
    rescales_inside: bool = False  # the network itself maps [0, 255] to what it wants


@dataclass(frozen=True, kw_only=True, slots=True)
class Tap:
    """A place in a backbone where features may be read."""

    name: str  # Keras layer name
    stride: int  # input pixels per step of the map
    channels: int
    macs_per_pixel: float  # multiply-adds from the input to here, per input pixel


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that decides what a classifier computes, apart from the data."""

    backbone: str
    size: int  # side in pixels of the square the pictures are resized to
    taps: tuple[str, ...]
    grids: tuple[int, ...]  # pooled grid per tap, same length as taps
    mode: Mode
    runtime: str
    precision: Precision
    weights: str  # where they came from: "bundled", "imagenet", "custom weights", ...
    weights_sha256: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Split:
    """Row numbers of each part; disjoint. Test rows are read once, at the end."""

    train: IntArray
    validation: IntArray
    test: IntArray
    # rows of no part: their pictures are in validation or test too
    left_out: IntArray = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LinearHead:
    """Multinomial logistic regression on raw features: standardisation is folded in."""

    kernel: FloatArray  # (d features, k classes)
    bias: FloatArray  # (k,)
    l2: float  # penalty on standardised features, as chosen on validation data
    temperature: float  # logits are divided by it; 1 where calibration was not possible


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class HiddenHead:
    """One layer of rectified units on raw features, and logits from these."""

    into: FloatArray  # (d features, h units): standardisation is folded in
    into_bias: FloatArray  # (h,)
    out: FloatArray  # (h, k classes)
    out_bias: FloatArray  # (k,)
    temperature: float  # logits are divided by it
    share: float = 0.5  # of the answer; the rest is that of the linear head

"""The only place that scales pixels: bytes in [0, 255] to what a backbone was trained on."""

from typing import Any

import numpy as np

from regraft.errors import InvalidArgumentError, expected_received
from regraft.records import FloatArray, PixelSpec

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of RGB in [0, 1]
IMAGENET_STD = (0.229, 0.224, 0.225)

CAFFE = PixelSpec(
    scale=(1.0, 1.0, 1.0),
    offset=(-103.939, -116.779, -123.68),  # ImageNet means of BGR bytes
    channel_order="bgr",
)
SIGNED = PixelSpec(scale=(1 / 127.5,) * 3, offset=(-1.0,) * 3)
TORCH = PixelSpec(
    scale=(
        1 / (255 * IMAGENET_STD[0]),
        1 / (255 * IMAGENET_STD[1]),
        1 / (255 * IMAGENET_STD[2]),
    ),
    offset=(
        -IMAGENET_MEAN[0] / IMAGENET_STD[0],
        -IMAGENET_MEAN[1] / IMAGENET_STD[1],
        -IMAGENET_MEAN[2] / IMAGENET_STD[2],
    ),
)
BYTE = PixelSpec(scale=(1.0,) * 3, offset=(0.0,) * 3, rescales_inside=True)
LITE = PixelSpec(scale=(1 / 128,) * 3, offset=(-127 / 128,) * 3)


def normalise(x: Any, spec: PixelSpec) -> FloatArray:
    """What the network receives for pictures in [0, 255].

    Args:
        x: RGB pictures of any number type, shape (..., h, w, 3).
        spec: The convention of the backbone.

    Returns:
        float32, same shape; a new array, `x` is never changed.

    Raises:
        InvalidArgumentError: If the last axis is not three channels.
    """
    pictures = np.asarray(x)
    _require_three_channels(pictures.shape)
    if spec.channel_order == "bgr":
        pictures = pictures[..., ::-1]
    scaled = pictures * np.asarray(spec.scale, np.float32)  # makes the new array
    scaled += np.asarray(spec.offset, np.float32)
    return scaled.astype(np.float32, copy=False)


def normalise_in_graph(x: Any, spec: PixelSpec) -> Any:
    """Do as `normalise`, on a Keras tensor of floats, shape (n, h, w, 3)."""
    from keras import ops

    _require_three_channels(x.shape)
    if spec.channel_order == "bgr":
        x = ops.flip(x, axis=-1)
    if spec.scale != (1.0, 1.0, 1.0):
        x = ops.multiply(x, np.asarray(spec.scale, np.float32))
    if spec.offset != (0.0, 0.0, 0.0):
        x = ops.add(x, np.asarray(spec.offset, np.float32))
    return x


def _require_three_channels(shape: tuple[int | None, ...]) -> None:
    if not shape or shape[-1] != 3:
        raise InvalidArgumentError(
            expected_received(
                "RGB pictures of shape (..., height, width, 3)",
                f"shape {tuple(shape)}",
                "Gray pictures become three channels in adapt/channels.py first.",
            )
        )

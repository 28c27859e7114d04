"""From pictures to pooled features as one Keras model."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from regraft.adapt.channels import as_rgb_in_graph
from regraft.adapt.pixels import normalise_in_graph
from regraft.adapt.resize import resize_in_graph
from regraft.backbones.table import Backbone
from regraft.backbones.trunk import build_trunk
from regraft.backbones.weights import Weights
from regraft.features.pool import pool_in_graph
from regraft.records import FloatArray, IntArray

if TYPE_CHECKING:
    import keras

Request = tuple[str, int]  # name of a tap, cells per side of the pooled grid


def width(row: Backbone, request: Request) -> int:
    """Features that a request gives: one a channel of the tap and a cell of the grid."""
    tap, grid = request
    return grid**2 * row.tap(tap).channels


def side_by_side(
    features: Mapping[Request, FloatArray], requests: Iterable[Request], rows: IntArray | slice
) -> FloatArray:
    """The features of some rows, all requests beside one another: (m, d)."""
    return np.concatenate([features[request][rows] for request in requests], axis=1)


def build_extractor(
    row: Backbone,
    *,
    size: int,
    requests: tuple[Request, ...],
    weights: Weights | None,
    picture_shape: tuple[int, int, int] | None,
    batch_size: int | None = None,
) -> "keras.Model":
    """Resize, normalise, run the trunk once and pool every requested tap.

    Args:
        row: The backbone.
        size: Side in pixels of what the trunk sees.
        requests: The features wanted, in the order of the outputs.
        weights: The pretrained weights, or None for seeded random ones.
        picture_shape: (h, w, c), c 1 or 3: the input is then uint8 (n, h, w, c) and resized
            in the graph, gray as the one channel it is. None: the input is float32
            (n, size, size, 3) in [0, 255], already resized.
        batch_size: A fixed n, or None for any.

    Returns:
        A model whose `outputs` are (n, p*p*c) tensors, in the order of the requests.

    Raises:
        InvalidArgumentError: If a grid is finer than the map at its tap.
    """
    import keras

    if picture_shape is None:
        pictures = keras.Input(batch_shape=(batch_size, size, size, 3), dtype="float32")
        x: Any = pictures
    else:
        pictures = keras.Input(batch_shape=(batch_size, *picture_shape), dtype="uint8")
        x = resize_in_graph(pictures, height=size, width=size)
    x = normalise_in_graph(as_rgb_in_graph(x), row.pixels)

    wanted = {tap for tap, _ in requests}
    taps = tuple(tap.name for tap in row.taps if tap.name in wanted)
    trunk = build_trunk(row, size=size, taps=taps, weights=weights)
    outputs = keras.tree.flatten(trunk(x, training=False))  # one output comes bare
    maps = dict(zip(taps, outputs, strict=True))
    return keras.Model(pictures, [pool_in_graph(maps[tap], grid) for tap, grid in requests])

"""A backbone cut where its features are read: nothing behind the deepest tap is computed."""

import math
from typing import Any

import numpy as np

from regraft.adapt.pixels import IMAGENET_STD
from regraft.backbones.loading import load_weights
from regraft.backbones.naming import layers_by_name, variables_by_name
from regraft.backbones.row import Backbone
from regraft.backbones.weights import Weights
from regraft.errors import InvalidArgumentError, expected_received

_SEED = 0  # of random weights


def build_trunk(row: Backbone, *, size: int, taps: tuple[str, ...], weights: Weights | None) -> Any:
    """Build the part of a backbone that its taps need.

    Args:
        row: The backbone.
        size: Side in pixels of the square input.
        taps: Names of taps of the row, in any order.
        weights: Where to read the weights; None makes random ones, the same every time.

    Returns:
        A functional `keras.Model` in inference form. Input: float32 (n, size, size, 3),
        already in `row.pixels`. Its `outputs` are the maps of the taps, in the order of
        `taps`, float32 (n, h, w, channels); calling it gives a list of them, or, as Keras
        has it, the bare map where there is one tap.

    Raises:
        InvalidArgumentError: If the size is below the smallest, a tap is unknown or named
            twice, or the weights are not those of this network.
    """
    import keras

    _check_taps(row, taps)
    network = row.build(size)
    layers = layers_by_name(network)
    trunk = keras.Model(network.input, [layers[name].output for name in taps], name=row.name)
    if weights is None:
        _fill_randomly(network)
        return trunk
    needed = set(trunk.operations)
    load_weights(
        network,
        weights.path,
        only={name for name, layer in layers.items() if layer in needed},
        names_agree=weights.origin == "custom weights",
    )
    is_published_form = weights.path.suffix != ".safetensors"  # that is how we store a trunk
    if row.builder.startswith("keras.applications:EfficientNetB") and is_published_form:
        _restore_second_division(network)
    return trunk


def _check_taps(row: Backbone, taps: tuple[str, ...]) -> None:
    for tap in taps:
        row.tap(tap)
    if not taps or len(set(taps)) < len(taps):
        raise InvalidArgumentError(
            expected_received("one or more different taps", ", ".join(taps) or "none")
        )


def _restore_second_division(network: Any) -> None:
    """Divide the input of EfficientNet B0 to B7 by the square root of the deviation, again.

    Keras builds a layer for this, but only when it loads the weights itself; the published
    weights expect it (see https://github.com/tensorflow/tensorflow/issues/49930). Here the
    normalisation that is there divides by both.
    """
    normalisation = layers_by_name(network)["normalization"]
    variance = normalisation.adapt_variance
    variance.assign(variance * np.asarray(IMAGENET_STD, np.float32))
    normalisation.finalize_state()


def _fill_randomly(network: Any) -> None:
    """Kernels from a seeded generator, at a scale that keeps activations alive."""
    generator = np.random.default_rng(_SEED)
    for name, variable in sorted(variables_by_name(network).items()):
        if "kernel" in name.rsplit("/", maxsplit=1)[-1]:
            shape = tuple(variable.shape)
            is_depthwise = len(shape) == 4 and shape[-1] == 1
            fan_in = math.prod(shape[:2]) if is_depthwise else math.prod(shape[:-1])
            variable.assign(generator.normal(0, math.sqrt(2 / fan_in), shape).astype(np.float32))

"""What is frozen does not move in a step: no weight, and above all no moving statistic."""

import numpy as np
import pytest

from regraft.backbones.loading import tensors_of
from regraft.backbones.table import BACKBONES, get
from regraft.finetune.network import Network

from .conftest import N_CLASSES, make_start

# the smallest network of every family that has BatchNorm
FAMILIES = {
    "efficientnet_lite0": 32,
    "mobilenet": 32,
    "mobilenet_v2": 32,
    "mobilenet_v3_small": 32,
    "efficientnet_b0": 32,
    "efficientnet_v2_b0": 32,
    "resnet50": 32,
    "resnet50_v2": 32,
    "densenet121": 32,
    "nasnet_mobile": 32,
    "xception": 71,
    "inception_v3": 75,
    "inception_resnet_v2": 75,
}
QUICK = ("efficientnet_lite0", "mobilenet_v2")
KNOWN = {row.name for row in BACKBONES}


def built(name, size):
    row = get(name)
    tap = row.taps[min(3, len(row.taps) - 1)]  # the first blocks: every kind of layer, quickly
    return Network(
        row,
        size=size,
        requests=((tap.name, 1),),
        weights=None,
        start=make_start(tap.channels),
        picture_shape=(size, size, 3),
    )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in FAMILIES
        if name in KNOWN
    ],
)
def test_a_step_changes_what_is_trained_and_nothing_else(name):
    import keras

    network = built(name, FAMILIES[name])
    last = len(network.blocks) - 1
    network.train((last,))
    before = tensors_of(network.trunk)
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (4, FAMILIES[name], FAMILIES[name], 3), np.uint8)
    targets = np.eye(N_CLASSES, dtype=np.float32)[[0, 1, 2, 0]]
    for _ in range(2):
        network.step(pictures, targets, rate=1e-2)
    after = tensors_of(network.trunk)
    moved = {tensor for tensor in before if not np.array_equal(before[tensor], after[tensor])}
    trainable = {tensor for tensor in network.learnt() if not tensor.startswith("head/")}
    assert moved <= trainable
    assert moved
    has_statistics = any(
        isinstance(layer, keras.layers.BatchNormalization)
        for block in network.blocks
        for layer in block.layers
    )
    assert has_statistics
    assert not [tensor for tensor in trainable if "moving" in tensor or "gamma" in tensor]


def test_the_families_are_in_the_table():
    assert set(QUICK) <= KNOWN
    missing = set(FAMILIES) - KNOWN
    assert not missing


def test_blocks_hold_every_layer_once():
    network = built("mobilenet_v2", 32)
    layers = [id(layer) for block in network.blocks for layer in block.layers]
    assert len(layers) == len(set(layers)) == len(network.trunk.layers)


def test_nothing_but_the_head_is_trained_without_blocks():
    network = built("efficientnet_lite0", 32)
    network.train(())
    assert set(network.learnt()) == {"head/kernel", "head/bias"}
    assert network.n_trained() == N_CLASSES * (network.head().kernel.shape[0] + 1)

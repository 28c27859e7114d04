import numpy as np

from regraft.backbones.table import get
from regraft.features.graph import build_extractor
from regraft.heads.linear import logits as head_logits

from .conftest import GRID, N_CLASSES, SHAPE, SIZE, TAP, make_network, make_start


def pictures(n=6):
    return np.random.default_rng(3).integers(0, 256, (n, *SHAPE), np.uint8)


def features_of(x):
    row = get("efficientnet_lite0")
    extractor = build_extractor(
        row, size=SIZE, requests=((TAP, GRID),), weights=None, picture_shape=SHAPE
    )
    return np.asarray(extractor.predict_on_batch(x)).reshape(len(x), -1)


def test_it_starts_as_the_calibrated_head():
    network = make_network()
    network.train((0, 1))
    x = pictures()
    start = make_start(network.head().kernel.shape[0])
    assert np.allclose(network.logits(x), head_logits(start.head, features_of(x)), atol=1e-4)


def test_its_head_on_raw_features_answers_the_same():
    network = make_network()
    network.train(())
    x = pictures()
    network.step(x, np.eye(N_CLASSES, dtype=np.float32)[[0, 1, 2, 0, 1, 2]], rate=1e-2)
    assert np.allclose(network.logits(x), head_logits(network.head(), features_of(x)), atol=1e-4)


def test_constant_features_do_no_harm():
    features = np.ones((10, 4), np.float32)
    start = make_start(4)
    again = type(start).of(start.head, features)
    assert np.array_equal(again.scale, np.ones(4))


def test_a_block_at_rate_0_does_not_move():
    network = make_network()
    network.train((0, 1))
    before = network.learnt()
    network.reset_optimiser((1,))
    network.step(pictures(), np.eye(N_CLASSES, dtype=np.float32)[[0, 1, 2, 0, 1, 2]], rate=1e-2)
    moved = {n for n, v in network.learnt().items() if not np.array_equal(v, before[n])}
    first = {n for n in before if n.startswith(("stem", "block1"))}
    assert first
    assert moved
    assert not moved & first


def test_weights_and_optimiser_come_back_to_the_bit():
    targets = np.eye(N_CLASSES, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    network = make_network()
    network.train((0, 1))
    network.step(pictures(), targets, rate=1e-3)
    weights, moments = network.learnt(), network.optimiser_state()
    losses = [network.step(pictures(), targets, rate=1e-3) for _ in range(2)]
    network.assign(weights)
    network.assign_optimiser(moments)
    assert losses == [network.step(pictures(), targets, rate=1e-3) for _ in range(2)]

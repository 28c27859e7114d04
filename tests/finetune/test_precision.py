import numpy as np
import pytest

from regraft.finetune.loop import evaluate
from regraft.finetune.precision import FLOAT32, MIXED, agrees, choose_precision, computing_in

from .conftest import N_CLASSES, make_network

LABELS = np.arange(1000) % 3
RIGHT = np.eye(3, dtype=np.float32)[LABELS]


def wrong_about(n):
    logits = RIGHT.copy()
    logits[:n] = np.roll(logits[:n], 1, axis=1)
    return logits


@pytest.mark.parametrize(
    ("mixed", "verdict"),
    [
        pytest.param(RIGHT, True, id="same"),
        pytest.param(wrong_about(1), True, id="one-in-a-thousand"),
        pytest.param(wrong_about(2), False, id="two"),
        pytest.param(np.full_like(RIGHT, np.nan), False, id="not-a-number"),
    ],
)
def test_accuracy_may_not_suffer(mixed, verdict):
    assert agrees(mixed, RIGHT, LABELS) is verdict


def test_what_is_slower_is_not_even_tried():
    def never():
        raise AssertionError

    precision, why = choose_precision(never, never, LABELS, measure=lambda: 0.4)
    assert precision == FLOAT32
    assert "0.40 times" in why


def test_what_is_faster_and_right_is_used():
    def chosen(mixed):
        return choose_precision(lambda: RIGHT, lambda: mixed, LABELS, measure=lambda: 1.9)[0]

    assert chosen(RIGHT) == MIXED
    assert chosen(wrong_about(9)) == FLOAT32


def test_a_network_trains_in_mixed_precision_with_weights_in_float32(validation):
    import keras

    exact = make_network()
    exact.train(())
    with computing_in(MIXED):
        network = make_network()
    assert keras.config.dtype_policy().name == "float32"
    network.train((1,))
    difference = evaluate(network, validation) - evaluate(exact, validation)
    assert 0 < np.abs(difference).max() < 0.1
    targets = np.eye(N_CLASSES, dtype=np.float32)[validation.labels]
    assert np.isfinite(network.step(validation.read(np.arange(12)), targets, rate=1e-3))
    assert {values.dtype for values in network.learnt().values()} == {np.dtype("float32")}

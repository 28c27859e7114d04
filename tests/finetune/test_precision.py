import numpy as np
import pytest

from regraft.finetune.loop import evaluate
from regraft.finetune.pace import step_at_rest
from regraft.finetune.precision import (
    FLOAT32,
    MIXED,
    Side,
    _ratio,
    agrees,
    choose_precision,
    computing_in,
)

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
        pytest.param(wrong_about(3), True, id="as-few-as-chance-changes"),
        pytest.param(wrong_about(7), False, id="seven-and-none-gained"),
        pytest.param(np.full_like(RIGHT, np.nan), False, id="not-a-number"),
    ],
)
def test_accuracy_may_not_suffer(mixed, verdict):
    assert agrees(mixed, RIGHT, LABELS) is verdict


def never():
    raise AssertionError


def clock(monkeypatch):
    """A clock that moves only when somebody works."""
    now = [0.0]
    monkeypatch.setattr("regraft.finetune.precision.time.perf_counter", lambda: now[0])

    def taking(*seconds):
        left = iter(seconds)

        def work():
            now[0] += next(left)

        return work

    return taking


def test_where_convolutions_are_slower_no_network_is_built():
    precision, why = choose_precision(never, never, LABELS, measure=lambda: 0.4)
    assert precision == FLOAT32
    assert "0.40 times" in why


def test_where_the_step_is_slower_convolutions_do_not_count(monkeypatch):
    taking = clock(monkeypatch)
    precision, why = choose_precision(
        lambda: Side(step=taking(9, 2, 1, 1, 1, 1), logits=never),
        lambda: Side(step=taking(9, 2, 2, 2, 2, 2), logits=never),
        LABELS,
        measure=lambda: 1.9,
    )
    assert precision == FLOAT32
    assert "a step in bfloat16 runs at 0.50 times" in why


@pytest.mark.parametrize(("logits", "precision"), [(RIGHT, MIXED), (wrong_about(9), FLOAT32)])
def test_what_is_faster_must_be_right(monkeypatch, logits, precision):
    taking = clock(monkeypatch)
    found, _ = choose_precision(
        lambda: Side(step=taking(9, 2, 3, 2, 3, 3), logits=lambda: RIGHT),
        lambda: Side(step=taking(9, 2, 1, 1, 1, 1), logits=lambda: logits),
        LABELS,
        measure=lambda: 1.0,
    )
    assert found == precision


def test_the_shortest_of_each_is_compared(monkeypatch):
    taking = clock(monkeypatch)
    assert _ratio(taking(4, 2, 9), taking(1, 3, 5), n=3) == 2.0


def test_a_step_at_rest_moves_no_weight(training):
    network = make_network()
    network.train((0, 1))
    before = network.learnt()
    step_at_rest(network, training, 8)()
    after = network.learnt()
    assert all(np.array_equal(before[name], after[name]) for name in before)


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

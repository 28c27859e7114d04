"""Draws of numpy and of the standard library, as they are and stilled."""

# ruff: noqa: NPY002 - what scripts use
import random

import numpy as np
import pytest

from regraft.diagnose.agent import draws, sites

STILL = {
    "uniform": (lambda: np.random.uniform(-3, 3, size=4), [0.0] * 4),
    "a factor": (lambda: np.random.uniform(0.8, 1.2), 1.0),
    "a chance": (lambda: np.random.rand(), 0.5),
    "a shape": (lambda: np.random.rand(2, 3), [[0.5] * 3] * 2),
    "a shift": (lambda: np.random.randint(-3, 4, size=2), [0, 0]),
    "turns": (lambda: np.random.randint(4), 0),
    "from one on": (lambda: np.random.randint(1, 4), 1),
    "normal": (lambda: np.random.normal(2.0, 0.1, (2,)), [2.0, 2.0]),
    "random": (lambda: random.random(), 0.5),
    "randint": (lambda: random.randint(-2, 2), 0),
    "one of some turns": (lambda: np.random.choice([90, 0, 270]), 0),
    "one of four": (lambda: np.random.choice(4, size=1), [0]),
    "one of a list": (lambda: random.choice([-5, 5, 1]), 1),
    "one of a range": (lambda: random.choice(range(3, 9)), 3),
    "yes or no": (lambda: random.choice([True, False]), False),
    "one by a generator": (
        lambda: draws.Generator(np.random.PCG64(random.randrange(99))).choice([3, 1]), 1
    ),
    "gauss": (lambda: random.gauss(1.0, 0.2), 1.0),
    "a generator": (lambda: draws.Generator(np.random.PCG64(1)).integers(0, 9, 3), [0, 0, 0]),
    "its ends": (
        lambda: draws.Generator(np.random.PCG64(1)).integers(-9, -2, endpoint=True), -2
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def hooked(monkeypatch):
    for place, names in (
        (np.random, (*draws.NUMPY, "default_rng", "choice")),
        (random, (*draws.STANDARD, "choice")),
    ):
        for name in names:
            monkeypatch.setattr(place, name, getattr(place, name))  # put back afterwards
    draws.hook()


@pytest.mark.parametrize(("draw", "still"), STILL.values(), ids=STILL)
def test_a_stilled_draw_changes_least(draw, still):
    with draws.stilled():
        value = draw()
    np.testing.assert_allclose(value, still)
    assert np.shape(value) == np.shape(still)
    assert any(not np.array_equal(draw(), still) for _ in range(9))


@pytest.mark.parametrize(
    "among",
    [["a.png", "b.png"], [[1, 2], [3]], [np.zeros((2, 2)), np.zeros((3, 2))], [[1, 2], [3, 4]]],
    ids=["names", "ragged", "pictures", "pairs"],
)
def test_one_of_other_things_is_drawn_as_ever(among):
    with draws.stilled():
        drawn = random.choice(among)
    assert any(drawn is one for one in among)


def test_what_a_script_draws_is_what_numpy_gives(monkeypatch):
    monkeypatch.setattr(sites, "directly", lambda: {"file": "train.py", "line": 1})
    ours = np.random.default_rng(5)
    expected = np.random.Generator(np.random.PCG64(5))
    assert isinstance(ours, draws.Generator)
    np.testing.assert_array_equal(ours.random(3), expected.random(3))
    np.testing.assert_array_equal(ours.permutation(9), expected.permutation(9))
    np.testing.assert_array_equal(ours.integers(0, 99, 5), expected.integers(0, 99, 5))
    assert np.random.default_rng(ours).bit_generator is ours.bit_generator


def test_orders_are_not_stilled():
    rng = draws.Generator(np.random.PCG64(0))
    with draws.stilled():
        assert rng.permutation(20).tolist() != list(range(20))

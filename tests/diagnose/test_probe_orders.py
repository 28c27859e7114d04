import numpy as np
import pytest

from regraft.diagnose.agent.boundary import thumbnails
from regraft.diagnose.probe.orders import likely_order, orders

N = 600


@pytest.fixture(scope="module")
def pictures(digits):
    return digits["x_train"][:N, ..., None]


@pytest.fixture(scope="module")
def labels(digits):
    return digits["y_train"][:N].astype(int)


def found(pictures, labels):
    rows = np.arange(0, len(pictures), 2)
    return likely_order(thumbnails(pictures[rows]), rows, labels)


def test_every_mistake_is_undone_by_an_order_of_all_rows():
    for name, rows in orders(12).items():
        assert rows.shape == (12,), name
        assert rows.min() >= 0
        assert rows.max() < 12


@pytest.mark.parametrize("name", ["reversed", "shifted by -1", "numbers from 1 sorted as text"])
def test_a_mistake_is_named(pictures, labels, name):
    wrong = np.empty_like(labels)
    wrong[orders(N)[name]] = labels
    assert found(pictures, wrong)[0] == name


def test_repeat_in_place_of_tile(pictures, labels):
    both = np.concatenate([pictures, pictures[:, :, ::-1]])
    name, agreeing = found(both, np.repeat(labels, 2))
    assert name == "2 copies next to each other"
    assert agreeing > 0.5


def test_an_order_that_leaves_one_class_only_explains_nothing(pictures):
    sorted_by_class = np.repeat([0, 1], N // 2)
    assert found(pictures, sorted_by_class) is None


def test_tile_in_place_of_repeat(pictures, labels):
    both = np.repeat(pictures, 3, axis=0)
    assert found(both, np.tile(labels, 3))[0] == "3 copies set after set"


def test_right_and_random_labels_have_no_other_order(pictures, labels):
    assert found(pictures, labels) is None
    assert found(pictures, np.random.default_rng(0).permutation(labels)) is None
    assert found(pictures[:60], labels[:60]) is None  # too few to tell

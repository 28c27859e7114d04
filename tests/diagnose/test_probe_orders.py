import numpy as np
import pytest

from regraft.diagnose.agent.boundary import thumbnails
from regraft.diagnose.probe.orders import answered_order, likely_order, orders

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


def answers_of(labels, *, accuracy, seed=0):
    """What a network of this accuracy answers about pictures with these labels."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(labels)) < accuracy, labels, rng.integers(0, 10, len(labels)))


def test_answers_in_the_order_of_names_as_text(labels):
    as_text = orders(N)["numbers from 0 sorted as text"]
    answers = answers_of(labels[as_text], accuracy=0.8)
    name, right = answered_order(answers, np.arange(N), labels)
    assert name == "numbers from 0 sorted as text"
    assert right == pytest.approx(0.82, abs=0.03)
    rows = np.arange(0, N, 3)  # only some were predicted
    assert answered_order(answers[rows], rows, labels)[0] == name


@pytest.mark.parametrize("accuracy", [0.0, 0.3, 0.9])
def test_a_network_that_answers_in_order_needs_no_other(labels, accuracy):
    assert answered_order(answers_of(labels, accuracy=accuracy), np.arange(N), labels) is None


def test_classes_by_other_names_are_no_other_order():
    in_class_order = np.repeat(np.arange(10), N // 10)
    answers = answers_of(9 - in_class_order, accuracy=0.9)
    assert answered_order(answers, np.arange(N), in_class_order) is None

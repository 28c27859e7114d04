"""Losses of a script's own, by the numbers that they give."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from regraft.diagnose.agent import anatomy
from regraft.diagnose.agent.own_losses import known_as

INDEX = np.arange(40) % 5
ONE_HOT = np.eye(5)[INDEX]


def sparse(y, p):
    return keras.losses.sparse_categorical_crossentropy(y, p)


def by_hand(y, p):
    return -ops.sum(y * ops.log(ops.clip(p, 1e-7, 1.0)), axis=-1)


def of_logits(y, z):
    return keras.losses.categorical_crossentropy(y, ops.softmax(z))


def focal(y, p):
    return -ops.sum(y * (1 - p) ** 2 * ops.log(p), axis=-1)


def binary_of_logits(y, z):
    return ops.mean(ops.maximum(z, 0) - z * y + ops.log1p(ops.exp(-ops.abs(z))), axis=-1)


@pytest.mark.parametrize(
    ("loss", "y", "units", "known"),
    [
        (sparse, INDEX, 5, ("sparse_categorical_crossentropy", False)),
        (by_hand, ONE_HOT, 5, ("categorical_crossentropy", False)),
        (of_logits, ONE_HOT, 5, ("categorical_crossentropy", True)),
        (binary_of_logits, INDEX % 2, 1, ("binary_crossentropy", True)),
        (focal, ONE_HOT, 5, None),
    ],
)
def test_what_gives_the_same_numbers_is_the_same_loss(loss, y, units, known):
    assert known_as(loss, y, units) == known


def test_maps_and_unknown_ends_are_left_alone():
    assert known_as(sparse, np.zeros((4, 8, 8, 1)), 5) is None
    assert known_as(sparse, INDEX, 0) is None


def test_a_partial_is_the_loss_it_is_made_of():
    smooth = functools.partial(keras.losses.categorical_crossentropy, label_smoothing=0.1)
    assert anatomy.describe_loss(smooth) == ("categorical_crossentropy", False)
    of_logits = functools.partial(smooth, from_logits=True)
    assert anatomy.describe_loss(of_logits) == ("categorical_crossentropy", True)

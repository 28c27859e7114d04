"""Which classes a loss passes over is asked of the loss itself."""

import keras
import numpy as np
import pytest

from regraft.diagnose.agent.passed_over import passed_over

SPARSE = keras.losses.SparseCategoricalCrossentropy
LABELS = np.array([0, 1, 2, 2, 1, 0])


def ink_only(y_true, y_pred):
    """Cross-entropy of everything but class 0."""
    mask = keras.ops.cast(keras.ops.reshape(y_true, (-1,)) > 0, "float32")
    return mask * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)


@pytest.mark.parametrize(
    ("loss", "logits", "classes"),
    [
        pytest.param("sparse_categorical_crossentropy", False, [], id="plain"),
        pytest.param(SPARSE, False, [], id="a-type"),
        pytest.param(SPARSE(from_logits=True), True, [], id="logits"),
        pytest.param(SPARSE(ignore_class=0), False, [0], id="ignored"),
        pytest.param(SPARSE(ignore_class=2, from_logits=True), True, [2], id="ignored-logits"),
        pytest.param(SPARSE(ignore_class=255), False, [], id="a-void-class-that-is-not-there"),
        pytest.param(ink_only, False, [0], id="masked"),
    ],
)
def test_class_numbers(loss, logits, classes):
    assert passed_over(loss, LABELS, LABELS, units=3, logits=logits) == classes
    column = LABELS[:, None].astype("float32")
    assert passed_over(loss, column, LABELS, units=3, logits=logits) == classes


def weighted(weights):
    def loss(y_true, y_pred):
        share = keras.ops.sum(y_true * keras.ops.convert_to_tensor(np.float32(weights)), axis=-1)
        return share * keras.losses.categorical_crossentropy(y_true, y_pred)

    return loss


@pytest.mark.parametrize(
    ("loss", "classes"),
    [
        pytest.param("categorical_crossentropy", [], id="plain"),
        pytest.param(keras.losses.CategoricalFocalCrossentropy(), [], id="focal"),
        pytest.param(weighted([1, 0.2, 5]), [], id="uneven"),
        pytest.param(weighted([1, 0, 1]), [1], id="none"),
    ],
)
def test_one_column_a_class(loss, classes):
    for dtype in (np.float32, np.float64, int):
        y = np.eye(3, dtype=dtype)[LABELS]
        assert passed_over(loss, y, LABELS, units=3, logits=False) == classes


@pytest.mark.parametrize("logits", [False, True])
def test_one_unit(logits):
    y = np.array([0.0, 1.0, 1.0], np.float32)
    loss = keras.losses.BinaryCrossentropy(from_logits=logits)
    for given in (y[:, None], y):
        assert passed_over(loss, given, y, units=1, logits=logits) == []


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param([-1, 1], id="by-sign"),
        pytest.param([0.0, 0.5, 1.0], id="not-whole"),
        pytest.param([0, 7], id="beyond-the-units"),
        pytest.param([1, 1], id="one-class"),
    ],
)
def test_labels_that_name_no_unit_are_not_asked(labels):
    labels = np.array(labels)
    assert passed_over("mse", labels, labels, units=3, logits=False) == []

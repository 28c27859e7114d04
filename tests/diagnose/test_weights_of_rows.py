"""Rows of a training that count for nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

from regraft.diagnose.agent.before import _weights

LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])


def fit(sample_weight=None, class_weight=None):
    return SimpleNamespace(
        train=SimpleNamespace(sample_weight=sample_weight), arguments={"class_weight": class_weight}
    )


@pytest.mark.parametrize(
    ("given", "share"),
    [
        pytest.param(fit(), 0.0, id="no weights"),
        pytest.param(fit(np.array([1, 0] * 5)), 0.5, id="rows"),
        pytest.param(fit(np.array([[1], [0]] * 5)), 0.5, id="a column"),
        pytest.param(fit(class_weight={0: 0.0, 1: 2.0}), 0.3, id="a class"),
        pytest.param(fit(np.array([1, 0] * 5), {0: 0}), 0.7, id="both"),
    ],
)
def test_rows_that_weigh_nothing_are_counted(given, share):
    assert _weights(given, LABELS)["weightless"] == pytest.approx(share)


def test_what_classes_weigh_is_the_mean_over_their_rows():
    given = fit(np.array([[2], [1]] * 5), {0: 3.0, 2: 0.5})
    weights = _weights(given, LABELS)["class_weights"]
    assert weights == pytest.approx({"0": 5.0, "1": 1.5, "2": 0.7})

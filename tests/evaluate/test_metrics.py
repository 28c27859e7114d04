import numpy as np
import pytest

from regraft.errors import InvalidArgumentError
from regraft.evaluate.metrics import (
    accuracy,
    confusion_matrix,
    expected_calibration_error,
    negative_log_likelihood,
    per_class,
)


def random_answers(n=500, k=4, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, k - 1, n)  # the last class has no pictures
    probabilities = generator.dirichlet(np.ones(k), n).astype(np.float32)
    return labels, probabilities, probabilities.argmax(axis=1)


def test_figures_equal_sklearns():
    from sklearn import metrics

    labels, _, predicted = random_answers()
    theirs = metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(4), zero_division=0
    )
    figures = per_class(labels, predicted, 4)
    for name, column in zip(("precision", "recall", "f1", "support"), theirs, strict=True):
        np.testing.assert_allclose([getattr(f, name) for f in figures], column)
    np.testing.assert_array_equal(
        confusion_matrix(labels, predicted, 4), metrics.confusion_matrix(labels, predicted)
    )
    assert accuracy(labels, predicted) == metrics.accuracy_score(labels, predicted)


def test_negative_log_likelihood_equals_sklearns():
    from sklearn.metrics import log_loss

    labels, probabilities, _ = random_answers()
    theirs = log_loss(labels, probabilities, labels=range(4))
    assert negative_log_likelihood(probabilities, labels) == pytest.approx(theirs, rel=1e-5)


def test_negative_log_likelihood_of_a_sure_mistake_is_finite():
    assert 80 < negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1])) < 100


def test_calibration_error_equals_a_slow_computation():
    labels, probabilities, predicted = random_answers()
    confidence = probabilities.max(axis=1)
    slow = 0.0
    for i in range(10):
        inside = (confidence > i / 10) & (confidence <= (i + 1) / 10)
        if inside.any():
            right = (predicted == labels)[inside].mean()
            slow += inside.mean() * abs(right - confidence[inside].mean())
    fast = expected_calibration_error(probabilities, labels, n_bins=10)
    assert fast == pytest.approx(slow, abs=1e-6)


def test_calibration_error_of_half_sure_coin_flips_is_zero():
    probabilities = np.full((4, 2), 0.5)
    assert expected_calibration_error(probabilities, np.array([0, 1, 0, 1])) == 0


@pytest.mark.parametrize(
    "measure",
    [
        pytest.param(negative_log_likelihood, id="likelihood"),
        pytest.param(expected_calibration_error, id="calibration"),
    ],
)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param([[3.0, -1.0]], "Pass softmax outputs, not logits", id="logits"),
        pytest.param([[np.nan, 1.0]], "sum to 1", id="not-a-number"),
        pytest.param([[0.5, 0.5]] * 2, "shapes", id="too-many-rows"),
    ],
)
def test_probabilities_are_checked(measure, values, message):
    with pytest.raises(InvalidArgumentError, match=message):
        measure(np.array(values), np.array([0]))


def test_classes_out_of_range_are_refused():
    with pytest.raises(InvalidArgumentError, match=r"classes in \[0, 2\); received .* 0 to 2"):
        confusion_matrix(np.array([0, 2]), np.array([0, 1]), 2)


def test_arrays_of_different_length_are_refused():
    with pytest.raises(InvalidArgumentError, match="as many predicted"):
        accuracy(np.array([0, 1]), np.array([0]))

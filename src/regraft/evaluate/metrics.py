"""What a classifier gets right, by class and by confidence. Pure functions of arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.errors import InvalidArgumentError, expected_received
from regraft.records import IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassFigures:
    """How one class fares, as fractions in [0, 1]; 0 where nothing can be divided."""

    precision: float  # of the pictures given this class, how many have it
    recall: float  # of the pictures that have this class, how many are given it
    f1: float
    support: int  # pictures that have this class


def accuracy(labels: IntArray, predicted: IntArray) -> float:
    """The fraction of pictures whose predicted class is the true one.

    Raises:
        InvalidArgumentError: If the arrays differ in length or are empty.
    """
    _require_pairs(labels, predicted)
    return float(np.mean(labels == predicted))


def confusion_matrix(labels: IntArray, predicted: IntArray, n_classes: int) -> IntArray:
    """Counts (k, k): the row is the true class, the column the predicted one.

    Raises:
        InvalidArgumentError: If the arrays differ in length, are empty, or hold a class
            outside [0, n_classes).
    """
    _require_pairs(labels, predicted)
    low = min(labels.min(), predicted.min())
    high = max(labels.max(), predicted.max())
    if low < 0 or high >= n_classes:
        raise InvalidArgumentError(
            expected_received(f"classes in [0, {n_classes})", f"classes from {low} to {high}")
        )
    cells = np.bincount(labels * n_classes + predicted, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)


def per_class(labels: IntArray, predicted: IntArray, n_classes: int) -> tuple[ClassFigures, ...]:
    """Precision, recall, F1 and support of each class, in the order of the classes.

    Raises:
        InvalidArgumentError: As `confusion_matrix`.
    """
    counts = confusion_matrix(labels, predicted, n_classes)
    right = np.diag(counts)
    given, support = counts.sum(axis=0), counts.sum(axis=1)
    return tuple(
        ClassFigures(
            precision=_ratio(right[k], given[k]),
            recall=_ratio(right[k], support[k]),
            f1=_ratio(2 * right[k], given[k] + support[k]),
            support=int(support[k]),
        )
        for k in range(n_classes)
    )


def negative_log_likelihood(probabilities: npt.NDArray[Any], labels: IntArray) -> float:
    """Mean of minus the natural logarithm of the true class's probability.

    Args:
        probabilities: Shape (n, k), rows sum to 1. A zero counts as the smallest float32,
            so one sure mistake cannot make the mean infinite.
        labels: Shape (n,), class indices in [0, k).

    Raises:
        InvalidArgumentError: If shapes disagree, or a row does not sum to 1.
    """
    _require_probabilities(probabilities, labels)
    of_the_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(of_the_truth, np.finfo(np.float32).tiny)).mean())


def expected_calibration_error(
    probabilities: npt.NDArray[Any], labels: IntArray, *, n_bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy, weighted by bin size.

    Args:
        probabilities: Shape (n, k), rows sum to 1.
        labels: Shape (n,), class indices in [0, k).
        n_bins: Equal-width confidence bins on (0, 1]. Empty bins weigh nothing.

    Returns:
        A fraction in [0, 1]; 0 is perfect. Biased upwards when n / n_bins is small.

    Raises:
        InvalidArgumentError: If shapes disagree, or a row does not sum to 1.

    Example:
        >>> sure_and_right = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> expected_calibration_error(sure_and_right, np.array([0, 1]))
        0.0

    Source:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, Sec. 2,
        https://arxiv.org/abs/1706.04599.
    """
    _require_probabilities(probabilities, labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(labels))


def _ratio(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0


def _require_pairs(labels: IntArray, predicted: IntArray) -> None:
    if labels.ndim != 1 or labels.shape != predicted.shape or not len(labels):
        raise InvalidArgumentError(
            expected_received(
                "as many predicted classes as labels, and at least one",
                f"shapes {predicted.shape} and {labels.shape}",
            )
        )


def _require_probabilities(probabilities: npt.NDArray[Any], labels: IntArray) -> None:
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise InvalidArgumentError(
            expected_received(
                "probabilities (n, k) and labels (n,) with n at least 1",
                f"shapes {probabilities.shape} and {labels.shape}",
            )
        )
    off = float(np.abs(probabilities.sum(axis=1, dtype=np.float64) - 1).max())
    if not off < 1e-3:  # also catches NaN; float32 softmax over 1,000 classes stays far below
        raise InvalidArgumentError(
            expected_received(
                "rows of probabilities that sum to 1",
                f"a row that is off by {off:.3g}",
                "Pass softmax outputs, not logits.",
            )
        )

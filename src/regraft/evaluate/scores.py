"""Everything that is measured about predicted probabilities, as plain data."""

from dataclasses import asdict
from typing import Any

from regraft.evaluate.intervals import wilson
from regraft.evaluate.metrics import (
    confusion_matrix,
    expected_calibration_error,
    negative_log_likelihood,
    per_class,
)
from regraft.records import FloatArray, IntArray


def short_scores(probabilities: FloatArray, labels: IntArray) -> dict[str, Any]:
    """Accuracy with its 95% interval, and the number of pictures.

    Args:
        probabilities: Shape (n, k), rows sum to 1.
        labels: Shape (n,), class indices in [0, k).
    """
    correct = int((probabilities.argmax(axis=1) == labels).sum())
    n = len(labels)
    return {"accuracy": correct / n, "interval": list(wilson(correct, n)), "n": n}


def full_scores(probabilities: FloatArray, labels: IntArray) -> dict[str, Any]:
    """As `short_scores`, with figures by class, the confusion matrix and the calibration."""
    n_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1).astype(labels.dtype)
    return short_scores(probabilities, labels) | {
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
        "negative_log_likelihood": negative_log_likelihood(probabilities, labels),
        "per_class": [asdict(figures) for figures in per_class(labels, predicted, n_classes)],
        "confusion_matrix": confusion_matrix(labels, predicted, n_classes).tolist(),
    }


def confusions(matrix: list[list[int]], at_most: int) -> list[tuple[int, int, int]]:
    """The commonest mistakes as (true class, predicted class, pictures), commonest first."""
    mistakes = [
        (true, predicted, n)
        for true, row in enumerate(matrix)
        for predicted, n in enumerate(row)
        if n and true != predicted
    ]
    return sorted(mistakes, key=lambda mistake: -mistake[2])[:at_most]

"""What the predictions of the scored rows say."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.generic]


def balanced(classes: Values, labels: Values) -> float:
    """Mean recall over the classes that occur among the labels."""
    recalls = [float(np.mean(classes[labels == c] == c)) for c in np.unique(labels)]
    return float(np.mean(recalls)) if recalls else float("nan")


def on_others(right: Values, labels: Values, others: Values) -> float:
    """Accuracy on some of the rows, at the class mix of all: else an easy class would tell.

    Args:
        right: Which rows are answered rightly, shape (n,).
        labels: Their classes, shape (n,).
        others: Which rows count, shape (n,); a class that has none counts with all of its rows.
    """
    total = 0.0
    for value in np.unique(labels):
        rows = labels == value
        counted = rows & others.astype(bool)
        total += rows.sum() * float(np.mean(right[counted if counted.any() else rows]))
    return total / len(labels)


def meeting(answers: Values, labels: Values) -> float:
    """How often an answer and a label drawn at random agree."""
    classes = np.unique(np.concatenate([answers, labels]))
    shares = [(side[:, None] == classes).mean(axis=0) for side in (answers, labels)]
    return float((shares[0] * shares[1]).sum())


def against_the_rest(answers: Values, labels: Values) -> float:
    """The mean over classes of how often "is it this one?" is answered rightly.

    With many classes it is high whatever is answered: most answers to most classes are "no".
    """
    classes = np.unique(np.concatenate([answers, labels]))
    wrong = float(np.mean(answers != labels))
    return 1 - 2 * wrong / max(2, len(classes))  # a wrong answer is wrong about two classes


def best_renaming(classes: Values, labels: Values) -> tuple[float, tuple[int, ...]]:
    """Accuracy after the best one-to-one renaming of predicted classes, and that renaming.

    Returns:
        The accuracy, and predicted class -> true class as a tuple, () where keeping the names is
        best. Exact (Hungarian method on the confusion matrix).
    """
    from scipy.optimize import linear_sum_assignment

    predicted, true = classes.astype(np.int64), labels.astype(np.int64)
    if not len(true) or min(predicted.min(), true.min()) < 0:
        return float("nan"), ()
    size = int(max(predicted.max(), true.max())) + 1
    table = np.zeros((size, size), np.int64)
    np.add.at(table, (predicted, true), 1)
    rows, columns = linear_sum_assignment(-table)
    best = int(table[rows, columns].sum())
    if best <= int(np.trace(table)):
        return float(np.trace(table) / len(true)), ()
    return best / len(true), tuple(int(c) for c in columns)

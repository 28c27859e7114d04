"""What the outputs of a model answer: a class a picture, and whether they are answers at all."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import anatomy, samples, session
from regraft.diagnose.losses import BY_SIGN, CROSS_ENTROPIES, REGRESSION

HALF = 0.5
SHARES = 0.01  # that the labels of a mixture may lack of one
ONE_CLASS = 0.9  # of the rows: some may have no class, or two


def classes_of(outputs: np.ndarray, limit: float = HALF) -> np.ndarray:
    """Predicted class of each row; a single output above the limit says class 1."""
    outputs = np.asarray(outputs)
    if outputs.ndim == 1 or outputs.shape[-1] == 1:
        return np.asarray(outputs.reshape(len(outputs)) > limit, np.int64)
    return np.asarray(outputs.reshape(len(outputs), -1).argmax(axis=1))


def limit_of(model: Any) -> float:
    """The limit between two classes: of the script's own metric; for logits without one, 0."""
    arguments = _arguments(model)
    for metric in samples.flat(arguments.get("metrics")):
        if isinstance(metric, str) and "acc" in metric:
            return HALF
        limit = getattr(metric, "threshold", None)
        if isinstance(limit, int | float):
            return float(limit)
    return 0.0 if anatomy.describe_loss(arguments.get("loss"))[1] else HALF


def answers_of(model: Any, outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Predicted class of each row, named as the labels name classes: by 0 and 1, or by sign."""
    if _loss_of(model) in BY_SIGN and np.isin(-1, labels) and np.size(outputs) == len(labels):
        return np.where(np.reshape(outputs, len(labels)) > 0, 1, -1)
    return classes_of(outputs, limit_of(model))


def is_measuring(model: Any, labels: np.ndarray, outputs: np.ndarray) -> bool:
    """Is this no classifier, and no accuracy was asked for? Its largest output is no answer.

    Ages, grades and counts are whole numbers like classes: one number a row, of other values than
    0 and 1. More numbers than there are classes, under a loss of the script's own, are features.
    """
    loss = _loss_of(model)
    if loss in BY_SIGN | CROSS_ENTROPIES or _counts_answers(model):
        return False
    is_one_number = np.size(outputs) == len(labels) and not np.isin(labels, (0, 1)).all()
    n_outputs = outputs.shape[-1] if outputs.ndim > 1 else 1
    are_features = n_outputs > 2 * (labels.max(initial=0) + 1) and loss not in REGRESSION
    return is_one_number or bool(are_features)


def have_one_class(y: Any) -> bool:
    """Do labels name one class a row?

    One number a row does, and so do two values of which one stands once a row, and the shares of a
    mixture. Boxes, and several classes a picture, have no largest entry that is the right answer.
    """
    rows = np.asarray(y)
    if rows.ndim < 2 or rows.shape[-1] == 1:
        return True
    rows = rows.reshape(len(rows), -1).astype(np.float64)
    are_shares = np.isclose(rows.sum(axis=1), 1, atol=SHARES) & (rows.min(axis=1) >= 0)
    is_once = (rows == rows.max()).sum(axis=1) == 1
    has_two_values = len(np.unique(rows)) == 2
    return bool(np.mean(are_shares | (is_once & has_two_values)) > ONE_CLASS)


def _counts_answers(model: Any) -> bool:
    """Was it compiled with an accuracy among its metrics, whatever that counts?"""
    names = []
    is_regression = _loss_of(model) in REGRESSION
    for given in (_arguments(model).get("metrics"), _arguments(model).get("weighted_metrics")):
        for metric in samples.flat([*given.values()] if isinstance(given, dict) else given):
            named = getattr(metric, "name", getattr(metric, "__name__", ""))
            is_own = callable(metric) and not str(metric.__module__).startswith("keras.")
            if not (is_own and is_regression):  # of grades that are rounded first, say
                names.append(metric if isinstance(metric, str) else named)
    return any("acc" in str(name).lower() for name in names)


def _loss_of(model: Any) -> str:
    """Canonical name of the loss that a model was compiled with."""
    return anatomy.describe_loss(_arguments(model).get("loss"))[0]


def _arguments(model: Any) -> dict[str, Any]:
    """What a model was compiled with."""
    arguments: dict[str, Any] = session.SESSION.compiled.get(id(model), {}).get("arguments", {})
    return arguments


def right_answers(model: Any, outputs: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows that a model answers with their label."""
    return float(np.mean(answers_of(model, outputs, labels) == labels)) if len(labels) else np.nan

"""Which classes a loss passes over: wrong answers about their pictures cost nothing."""

from typing import Any

import numpy as np

Rows = np.ndarray
# Of the cost of a wrong answer about the other classes. Weights for rare classes differ by factors;
# a class that is masked, or weighted with nothing, costs nothing at all.
NOTHING = 0.01
_SURE, _LOGIT = 0.9, 3.0  # how sure the wrong answers are


def passed_over(loss: Any, y: Rows, labels: Rows, *, units: int, logits: bool) -> list[int]:
    """Classes whose pictures teach nothing, whatever is answered.

    Args:
        loss: As it was given to `compile`.
        y: Labels of some rows, as they reach the loss.
        labels: The class of each of these rows.
        units: Of the last layer.
        logits: Whether the answers are logits, and not probabilities.

    Raises:
        Exception: Whatever a loss of the script's own raises.
    """
    import keras
    from keras import ops

    classes = np.unique(labels)
    numbers = {int(one) for one in classes if float(one).is_integer()}
    if len(classes) < 2 or not numbers <= set(range(max(units, 2))) or len(numbers) < len(classes):
        return []
    score = loss() if isinstance(loss, type) else keras.losses.get(loss)
    costs = {}
    for one in numbers:
        truth = np.asarray(y)[labels == one][:1].astype(np.float32)  # as Keras casts it
        truth = ops.convert_to_tensor(truth.reshape(1, 1) if units == 1 else truth)
        wrong = (_answer(other, units, logits=logits) for other in numbers - {one})
        each = [np.mean(np.asarray(score(truth, ops.convert_to_tensor([a])))) for a in wrong]
        costs[one] = float(np.mean(each))
    usual = float(np.median(list(costs.values())))
    return [one for one, cost in costs.items() if usual > 0 and cost <= NOTHING * usual]


def _answer(wanted: int, units: int, *, logits: bool) -> Rows:
    """What a network that is sure of a class gives, shape (units,)."""
    if units == 1:
        share = _SURE if wanted == 1 else 1 - _SURE
        return np.array([_LOGIT if wanted == 1 else -_LOGIT] if logits else [share], np.float32)
    answer = np.full(units, 0.0 if logits else (1 - _SURE) / (units - 1), np.float32)
    answer[wanted] = _LOGIT if logits else _SURE
    return answer

"""ORD: predictions are compared with the labels of other pictures."""

import math

from regraft.diagnose.evidence import Order
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

APART = 0.02
SIGMAS = 3.0


@rule(
    "ORD001",
    "shuffled-predictions-ordered-labels",
    source="https://github.com/keras-team/keras/issues/11427 and "
    "https://github.com/keras-team/keras/issues/10014",
)
def shuffled_predictions_ordered_labels(order: Order) -> Finding:
    """Predictions come in a shuffled order; the labels do not.

    Why it hurts: `generator.classes` and folder order meet predictions of a shuffling generator
        or data set: accuracy, confusion matrix and report are those of random pairs.
    How it is found: the script's own pairs against each prediction with the label that came with
        its picture; where none came with it, against the labels with a common mistake in their
        order undone (files listed as text, 1, 10, 2), if most predictions are right only then.
    Fix: `shuffle=False` for prediction, or collect labels in the same pass.
    Limits: `evaluate` keeps pairs together and does not care about order.
    """
    if order.n_predictions != order.n_labels:
        return unknown("predictions and labels differ in number: ORD002 is about that")
    how = f" (undone: {order.mistake})" if order.mistake else ""
    return _compare(order, f"are paired with the labels of other pictures{how}")


@rule(
    "ORD002",
    "predictions-truncated",
    source="https://github.com/keras-team/keras/issues/11427: floor(samples / batch size) steps",
)
def predictions_truncated(order: Order) -> Finding:
    """There are fewer predictions than labels (or more), and they are compared all the same.

    Why it hurts: steps rounded down drop the last batch; with a repeating generator the rows
        that follow are shifted against their labels.
    How it is found: numbers of predictions and labels compared, and the number on true pairs.
    Fix: leave `steps` out, or round up.
    Limits: a rest cut off evenly at the end does no harm: clear.
    """
    if order.n_predictions == order.n_labels:
        return clear(f"{order.n_predictions} predictions for as many labels")
    return _compare(order, f"are {order.n_predictions} for {order.n_labels} labels")


def _compare(order: Order, what: str) -> Finding:
    n = min(order.n_predictions, order.n_labels)
    if n < 1:
        return unknown("nothing was compared")
    spread = math.sqrt(max(order.honest * (1 - order.honest), 1e-4) / n)
    seen = f"the script pairs {order.claimed:.3f}, true pairs give {order.honest:.3f}"
    # the same predictions, paired twice: only ties and a cut-off rest may differ
    if abs(order.honest - order.claimed) <= max(APART, SIGMAS * spread):
        return clear(seen)
    return found(
        f"predictions {what}: {seen}",
        fix="use shuffle=False (and no steps) for prediction, or collect labels in the same pass",
        where=(order.site,),
        claimed=order.claimed,
        honest=order.honest,
        severity=min(1.0, abs(order.honest - order.claimed)),
    )


RULES = (
    shuffled_predictions_ordered_labels,
    predictions_truncated,
)

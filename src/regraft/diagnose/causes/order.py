"""ORD: predictions are compared with the labels of other pictures."""

import math

from regraft.diagnose.causes.pairing import apart, shuffled_readers, told_by_pictures, untold
from regraft.diagnose.causes.skew import are_scaled_differently
from regraft.diagnose.evidence import Accuracy, Association, Ledger, Order, Pixels, Shift
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

APART = 0.02
SIGMAS = 3.0
MIN_ROWS = 60
UNRELATED = 2.5  # standard errors of an agreement by chance: 1 of 80 chance pairings is further off
SAME_SHARES = 0.1  # of half the summed differences; a network that knows one class only is far off
TOLD = 0.3  # above chance: what a simple model of held-out training rows must reach
# Above chance, by renaming: of 100 draws of random answers to 120 rows one reaches 0.18.
EXPLAINED = 0.2
ALIKE = 0.75  # area under the curve of telling the parts apart; a random split gives 0.5


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


@rule(
    "ORD003",
    "answers-unrelated-to-labels",
    source="https://stackoverflow.com/questions/45413712 (predictions that match no label)",
)
def answers_unrelated_to_labels(
    accuracy: Accuracy,
    association: Association,
    shift: Shift | None = None,
    pixels: Pixels | None = None,
) -> Finding:
    """The answers to validation pictures have nothing to do with the labels they are scored by.

    Why it hurts: pictures were put into another order than the labels, by groups, by shuffling, by
        a set; or the labels are those of other pictures. The score is that of random pairs.
    How it is found: answers and labels agree as often as random pairs do, although both name the
        classes equally often, the model is right on training pictures, a simple model is right
        on held-out ones of them, and validation pictures are of the same kind.
    Fix: take pictures and labels from the same pass, or sort both by the same key.
    Limits: in which order they belong together stays open; the honest number is that of the simple
        model on held-out training rows. Parts that are scaled differently give the same: "unknown".
    """
    if accuracy.n_validation < MIN_ROWS or association.n < MIN_ROWS:
        return unknown(f"{accuracy.n_validation} rows were scored: too few to tell")
    if math.isnan(accuracy.by_chance):
        return unknown("the answers themselves were not kept")
    n, chance = accuracy.n_validation, accuracy.by_chance
    seen = f"answers and labels agree at {accuracy.validation:.2f}, random pairs at {chance:.2f}"
    limit = UNRELATED * math.sqrt(chance * (1 - chance) / n)
    if abs(accuracy.validation - chance) > limit or accuracy.variation > SAME_SHARES:
        return clear(seen)
    told = association.accuracy
    if told < association.chance + TOLD or not accuracy.train > chance + TOLD:
        return clear(f"{seen}, but training pictures do not tell their labels either")
    if max(accuracy.relabelled, *accuracy.by_transform.values(), 0.0) > chance + EXPLAINED:
        return clear(f"{seen}, but other names or turned pictures explain it: LAB002 and SKW002")
    if accuracy.validation + limit > (chance + told) / 2:
        return unknown(f"{seen}: of {n} rows that may be chance")
    if pixels is not None and are_scaled_differently(pixels):
        return unknown(f"{seen}, but the parts are scaled differently: SKW001 is about that")
    if shift is None:
        return unknown(f"{seen}; whether validation pictures are of the same kind was not seen")
    if shift.separability > ALIKE:
        return unknown(f"{seen}, but validation pictures are of another kind: SHF and SKW")
    return found(
        f"{seen}, and held-out training pictures tell their labels at {told:.2f}",
        fix="take pictures and labels from the same pass, or sort both by the same key",
        where=(accuracy.site,),
        claimed=accuracy.validation,
        honest=told,
        severity=min(1.0, told - accuracy.validation),
    )


@rule(
    "ORD004",
    "features-in-another-order-than-labels",
    source="https://github.com/keras-team/keras/issues/11427 (shuffle=True is the default of "
    "readers) and https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle: "
    "reshuffles at each pass",
)
def features_in_another_order_than_labels(
    association: Association,
    ledger: Ledger,
    accuracy: Accuracy | None = None,
    pixels: Pixels | None = None,
) -> Finding:
    """Features were predicted in a shuffled order, and are fitted to labels in another.

    Why it hurts: a generator that shuffles gives another order at every pass. Features of one
        pass and labels of the next, or of the folder, are random pairs: nothing is to be learnt.
    How it is found: labels cannot be predicted from features better than chance, and the reader
        that `predict` was given shuffles: by its argument, in a method of its own, or as a data set
        of pictures alone.
    Fix: `shuffle=False` where features are extracted; shuffle when the head is trained.
    Limits: readers of the script's own that shuffle by means that are not seen.
    """
    readers = shuffled_readers(ledger)
    if not readers:
        return clear("no reader that features were predicted from shuffles")
    if (told := told_by_pictures(association, accuracy, pixels)) is not None:
        return told
    return apart(
        readers,
        f"{untold(association)}; features were predicted from pictures that are shuffled at line "
        "{}, their labels may be in another order",
        0.6,
    )


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
    answers_unrelated_to_labels,
    features_in_another_order_than_labels,
)

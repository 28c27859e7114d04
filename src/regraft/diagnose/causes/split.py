"""SPL: the order of rows decided who is trained on and who is validated."""

import math
from collections.abc import Mapping

from regraft.diagnose.evidence import Accuracy, Labels, Ledger, Site, Training
from regraft.diagnose.probe.labels import left_out, on_one_side
from regraft.diagnose.repairs import resplit, shuffle_training
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

FOLDER_CALLS = ("image_dataset_from_directory", "flow_from_directory", "flow_from_dataframe")
MIN_ROWS = 20  # fewer in either part, and chance alone makes parts differ
FAR = 0.15  # total variation: half the summed difference of class shares
NOISE = 3.0  # times what a random split of this size is expected to give
IMPURE = 0.3  # excess purity of batches, on the way from shuffled (0) to one class each (1)


@rule(
    "SPL001",
    "validation-split-takes-one-end",
    source="https://github.com/keras-team/keras/issues/8346 and Keras "
    "trainers/data_adapters/array_slicing.py, train_validation_split",
)
def validation_split_takes_one_end(
    labels: Labels, training: Training, ledger: Ledger, accuracy: Accuracy | None = None
) -> Finding:
    """`validation_split` cut off the end of ordered data.

    Why it hurts: Keras takes the last rows, before any shuffling. Of rows sorted by class, those
        are classes the model was never trained on.
    How it is found: class shares of both parts differ by more than three times what a random
        split of this size would give, and a class is on one side only, or nearly so.
    Fix: shuffle rows once, seeded, before the split; better, split with `stratify`.
    Limits: classes only; data ordered by time or subject may be split this way on purpose.
    """
    is_cut = training.validation == "split" or any(
        call.details.get("subset") for call in ledger.of(*FOLDER_CALLS)
    )
    if not is_cut:
        return clear("validation rows were not taken by a split of Keras's own")
    return _compare(labels, accuracy, where=training.site, fix="shuffle before validation_split")


@rule(
    "SPL002",
    "training-order-by-class",
    source="Bengio, Practical Recommendations for Gradient-Based Training, 2012; "
    "https://stackoverflow.com/questions/46444018 (shuffle buffer)",
)
def training_order_by_class(labels: Labels, training: Training, ledger: Ledger) -> Finding:
    """Training batches hold one class at a time.

    Why it hurts: each update teaches one class and forgets the others; the last class seen wins,
        and BatchNorm statistics swing with it.
    How it is found: mean share of the commonest class in a batch, as fed, against the same
        labels shuffled.
    Fix: `shuffle=True`, or `Dataset.shuffle` over all rows before `batch`.
    Limits: says nothing where batches hold one or two pictures.
    """
    room = 1 - labels.expected_purity
    if not (math.isfinite(labels.batch_purity) and math.isfinite(labels.expected_purity)):
        return unknown("the order of training batches was not seen")
    if room < 0.1 or 0 < training.batch_size < 4:
        return unknown(f"batches of {training.batch_size} cannot be mixed")
    excess = (labels.batch_purity - labels.expected_purity) / room
    seen = (
        f"{labels.batch_purity:.0%} of a training batch is one class; "
        f"shuffled it would be {labels.expected_purity:.0%}"
    )
    if excess < IMPURE:
        return clear(seen)
    shuffles = tuple(call.site for call in ledger.of("tf.data.shuffle"))
    return found(
        seen,
        fix="shuffle all rows each epoch, before batching",
        where=(*shuffles, training.site),
        repairs=(shuffle_training(),),
        severity=0.5 * min(1.0, excess),
        purity=labels.batch_purity,
        shuffled=labels.expected_purity,
    )


@rule(
    "SPL003",
    "unstratified-slices",
    source="https://github.com/keras-team/keras-preprocessing/issues/205",
)
def unstratified_slices(
    labels: Labels,
    ledger: Ledger,
    training: Training | None = None,
    accuracy: Accuracy | None = None,
) -> Finding:
    """The script's own slices gave training and validation different classes.

    Why it hurts: slices, `take` and `skip` of ordered rows put some classes on one side only:
        what is validated was hardly trained.
    How it is found: class shares of both parts differ by more than three times what a random
        split of this size would give, a class is on one side only, or nearly so, and Keras did
        not split validation off.
    Fix: `train_test_split(..., stratify=labels)`.
    Limits: parts from folders or data sets of their own may differ on purpose: "unknown".
        Training rows that were repeated or left out to even out classes are clear.
    """
    if training is not None and training.validation == "split":
        return clear("validation was split off by Keras: SPL001 is about that")
    if ledger.of("group-split"):
        return unknown("groups of rows are kept together: each may be of one class")
    where = _split_site(ledger, training)
    verdict = _compare(labels, accuracy, where=where, fix="stratify the split")
    if labels.train_class_names and verdict.repairs and not _is_cut_by_hand(ledger):
        return unknown("the parts come from folders of their own, with their own class shares")
    return verdict


def _is_cut_by_hand(ledger: Ledger) -> bool:
    """Was one folder opened, and the data set cut with `take` and `skip`?"""
    opened = {call.details.get("directory") for call in ledger.of("image_dataset_from_directory")}
    return len(opened) == 1 and bool(ledger.of("tf.data.take", "tf.data.skip"))


def _compare(labels: Labels, accuracy: Accuracy | None, *, where: Site | None, fix: str) -> Finding:
    train, validation = labels.train_counts, labels.validation_counts
    n_train, n_validation = sum(train.values()), sum(validation.values())
    if min(n_train, n_validation) < MIN_ROWS:
        return unknown(f"{n_train} training and {n_validation} validation rows are too few to tell")
    limit = max(FAR, NOISE * _expected_variation(train, validation))
    seen = f"class shares of training and validation differ by {labels.total_variation:.2f}"
    if labels.total_variation <= limit:
        return clear(f"{seen}, where a random split may reach {limit:.2f}")
    untrained, unseen = on_one_side(train, validation)
    if not untrained and not unseen:
        return clear(f"{seen}, but both parts hold every class: rows may be weighted on purpose")
    if untrained and not unseen and left_out(train, validation) == untrained:
        return clear(f"{seen}, as some classes were left out of training: DAT003 is about that")
    lost = sum(validation[name] for name in untrained) / n_validation
    hardly = "never" if not any(train.get(name) for name in untrained) else "hardly"
    missing = (
        f"{lost:.0%} of the validation rows are of classes {hardly} trained on "
        f"({', '.join(untrained[:5])})"
        if untrained
        else f"validation holds no row of {', '.join(unseen[:5])}"
    )
    return found(
        f"{seen}; {missing}",
        fix=f"{fix}, so that both parts hold every class",
        where=(where,),
        repairs=(resplit(),),
        # what is asked of fewer classes than there are is another number, higher or lower
        claimed=None if untrained or accuracy is None else accuracy.validation,
        severity=max(0.3 * labels.total_variation, 0.9 * lost),
        total_variation=labels.total_variation,
    )


def _expected_variation(train: Mapping[str, int], validation: Mapping[str, int]) -> float:
    """Total variation that a random split is expected to give: mean absolute normal deviations."""
    n_train, n_validation = sum(train.values()), sum(validation.values())
    total = n_train + n_validation
    spread = 1 / n_train + 1 / n_validation
    shares = [(train.get(k, 0) + validation.get(k, 0)) / total for k in {*train, *validation}]
    return 0.5 * sum(math.sqrt(2 * p * (1 - p) * spread / math.pi) for p in shares)


def _split_site(ledger: Ledger, training: Training | None) -> Site | None:
    calls = ledger.of("train_test_split", "KFold", "tf.data.take", "tf.data.skip")
    trained_at = None if training is None else training.site
    # a batch may be taken before, or after the training, to be looked at
    before = [
        call for call in calls
        if trained_at is None or call.site.file != trained_at.file
        or call.site.line <= trained_at.line
    ]  # fmt: skip
    return (before or calls)[-1].site if calls else trained_at


RULES = (
    validation_split_takes_one_end,
    training_order_by_class,
    unstratified_slices,
)

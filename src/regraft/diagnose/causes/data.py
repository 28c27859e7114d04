"""DAT: imbalance, label noise, classes with hardly any picture."""

import math
from collections.abc import Sequence

from regraft.diagnose.evidence import Accuracy, Association, Labels, Ledger, Training
from regraft.diagnose.probe.labels import left_out
from regraft.diagnose.repairs import (
    balance_classes,
    drop_call,
    drop_rows,
    ignore_weights,
    resplit,
)
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

SKEWED = 0.1  # the majority rate must beat chance by this, to be mistaken for skill
AT_MAJORITY = 0.02
TOLD = 0.7  # of the way from chance to 1: features this good know a wrong label from a hard picture
NOISY = 0.05  # share of contradicted labels; clean digits give two or three per cent
SURELY = 3.0  # standard errors of what leaving them out gains on validation pictures
WORTH = 0.015  # points that leaving them out must give: clean digits 0.009, a tenth wrong 0.019
TINY = 5  # training pictures of a class
SMALL = 0.25  # ... and this share of an even one: where every class has four, few are meant
NOTICED = 0.02  # share of such classes in validation, to matter
CROWDED = 3.0  # times an even share of the training rows
UNLIKE = 2.0  # ... and times the same class's share of the validation rows
WEIGHTLESS = 0.1  # of the training rows: fewer may be rows that are left out on purpose
SAME_WEIGHT = 1.2  # times the least weight
UNEVEN = 1.5  # times the rows of the smallest class: less uneven ones need no weights
HEAVY = 5.0  # times the least weight: of classes of one size nothing asks for so much
FOLLOWED = 0.15  # distance of what is answered from what is true: answers follow the weights
LESS_EVEN = 0.85  # of as many classes: weights that are right make them more even
LEFT_IN = 0.1  # share of a data set that a `take` lets through
HANDFUL = 5  # batches; who means a small part counts its pictures, or takes an epoch's worth


@rule(
    "DAT001",
    "majority-rate-as-accuracy",
    source="https://github.com/tanmoyopenroot/cancer_nn/issues/5",
)
def majority_rate_as_accuracy(
    accuracy: Accuracy, labels: Labels, training: Training | None = None
) -> Finding:
    """The accuracy is the share of the commonest class.

    Why it hurts: a model that always names the commonest class looks good and knows nothing.
    How it is found: accuracy within two points of the majority rate, while one class is ever
        predicted, in a validation part where classes are uneven.
    Fix: look at balanced accuracy; weight classes, or sample them evenly.
    Limits: imbalance alone is no fault: a model that beats the majority rate is clear. A sample
        that leaves most updates out knows nothing yet: "unknown".
    """
    if sum(labels.validation_counts.values()) < 20:
        return unknown("too few validation rows")
    if accuracy.majority - accuracy.chance < SKEWED:
        return clear(f"classes are even: the commonest has {accuracy.majority:.0%}")
    seen = (
        f"accuracy {accuracy.validation:.3f}, commonest class {accuracy.majority:.3f}, "
        f"balanced accuracy {accuracy.balanced:.3f}, {accuracy.predicted_classes} class(es) "
        "ever predicted"
    )
    if accuracy.predicted_classes > 1 or accuracy.validation > accuracy.majority + AT_MAJORITY:
        return clear(seen)
    if training is not None and training.is_cut_short:
        return unknown(f"{seen}, in a sampled run: it may tell them apart in all its updates")
    return found(
        seen,
        fix="judge by balanced accuracy; weight or resample the classes",
        claimed=accuracy.validation,
        honest=accuracy.balanced,
        severity=min(1.0, max(0.05, accuracy.validation - accuracy.balanced)),
    )


@rule(
    "DAT002",
    "label-noise",
    source="Northcutt et al., Confident Learning, JAIR 2021, https://arxiv.org/abs/1911.00068",
)
def label_noise(association: Association, training: Training) -> Finding:
    """Many training labels contradict their pictures.

    Why it hurts: the network learns the wrong labels too, sooner or later; a large head learns
        them by heart.
    How it is found: a cross-validated model on frozen features contradicts a label with high
        confidence; found if that holds for many rows, leaving them out helps on the rest, and
        either the rest is told well or validation pictures are told better then, too.
    Fix: look at the rows named; correct or drop them.
    Limits: hard or mixed pictures look like noise, and so does everything to features that say
        little: "unknown" where the other rows are not told well either.
    """
    if association.n < 100:
        return unknown(f"{association.n} rows are too few to tell noise from difficulty")
    seen = f"{association.noisy:.1%} of the training labels contradict their pictures"
    if association.noisy < NOISY or association.noise_margin < WORTH:
        return clear(seen)
    told = (association.clean_accuracy - association.chance) / (1 - association.chance)
    gain, error = association.gain_elsewhere, association.gain_error
    if told < TOLD and gain < max(WORTH, SURELY * error):
        return unknown(
            f"{seen}, but pictures tell the other labels at {association.clean_accuracy:.2f} only"
        )
    if not association.noisy_rows:
        return unknown(f"{seen}, but which rows they are was not kept")
    return found(
        f"{seen}; without them a model gains {association.noise_margin:.1%} on the others",
        fix="check the labels of these rows, correct or drop them",
        where=(training.site,),
        repairs=(drop_rows(association.noisy_rows),),
        severity=min(0.5, association.noise_margin),
        noisy=association.noisy,
    )


@rule(
    "DAT003",
    "empty-or-tiny-class",
    source="https://github.com/keras-team/keras/issues/12042",
)
def empty_or_tiny_class(labels: Labels, accuracy: Accuracy, training: Training) -> Finding:
    """A class that is validated has hardly any training picture.

    Why it hurts: what is not shown is not learnt; those validation pictures are lost.
    How it is found: fewer than five training rows and a quarter of an even share, for classes
        with at least 2% of the validation rows, where balanced accuracy lies below accuracy or
        the class has no row at all; or a tenth of its share there, and few in both together.
    Fix: collect pictures of it; until then leave it out, or split so that both parts have some.
    Limits: on a sample of the training rows small classes may look empty: "unknown". A few
        pictures of every class (few-shot) are clear.
    """
    total = sum(labels.validation_counts.values())
    if not total or not labels.train_counts:
        return unknown("labels of one part were not seen")
    even = sum(labels.train_counts.values()) / len(labels.train_counts)
    few = min(TINY, SMALL * even)
    filtered = left_out(labels.train_counts, labels.validation_counts)
    small = {
        name: labels.train_counts.get(name, 0)
        for name, rows in labels.validation_counts.items()
        if rows >= NOTICED * total and (labels.train_counts.get(name, 0) < few or name in filtered)
    }
    if not small:
        return clear("every validated class has training pictures")
    if training.sampled:
        return unknown("some classes have hardly a row in this sample of the training rows")
    empty = sorted(name for name, rows in small.items() if not rows or name in filtered)
    share = sum(labels.validation_counts[name] for name in small) / total
    seen = ", ".join(f"{name}: {rows}" for name, rows in sorted(small.items())[:5])
    if not empty and accuracy.balanced >= accuracy.validation - 0.05:
        return clear(f"small classes ({seen} training rows) are told apart all the same")
    return found(
        f"classes with hardly a training row make {share:.0%} of the validation part ({seen})",
        fix="add pictures of these classes, or split so that both parts have some",
        where=(training.site,),
        repairs=(resplit(),) if empty else (),
        claimed=None if empty else accuracy.validation,
        honest=None if empty else accuracy.balanced,
        severity=min(0.8, share),
    )


@rule(
    "DAT004",
    "one-class-fills-training",
    source="Buda et al., A systematic study of the class imbalance problem, 2018, "
    "https://arxiv.org/abs/1710.05381",
)
def one_class_fills_training(labels: Labels, training: Training) -> Finding:
    """Most training rows are of one class, most validation rows are not.

    Why it hurts: to name the commonest class pays in training; the other classes are named too
        seldom in validation.
    How it is found: the commonest class has three times an even share of the training rows, and
        twice its share of the validation rows (or, of a large share, half of what is left).
    Fix: give `fit` a class_weight, or repeat the rows of the small classes.
    Limits: where validation is as uneven as training, accuracy shows nothing: see DAT001. With
        a class_weight the script has seen to it: clear.
    """
    if training.class_weight:
        return clear("the classes are weighted: class_weight is given to fit")
    n_train = sum(labels.train_counts.values())
    n_validation = sum(labels.validation_counts.values())
    if n_train < 40 or n_validation < 40 or len(labels.train_counts) < 2:
        return unknown("too few labels of one part were seen")
    name, rows = max(labels.train_counts.items(), key=lambda item: item[1])
    share = rows / n_train
    elsewhere = labels.validation_counts.get(name, 0) / n_validation
    even = 1 / len(labels.train_counts)
    seen = (
        f"class {name} is {share:.0%} of the training rows and {elsewhere:.0%} of the validation "
        f"rows; an even share is {even:.0%}"
    )
    # of two classes none can have twice a half: half way to all counts as well
    unlike = min(UNLIKE * elsewhere, (1 + elsewhere) / 2)
    if share < min(CROWDED * even, (1 + even) / 2) or share < unlike:
        return clear(seen)
    return found(
        seen,
        fix="weight the classes (class_weight=...) or repeat the rows of the small ones",
        where=(training.site,),
        repairs=(balance_classes(),),
        severity=min(0.5, share - elsewhere),
        share=share,
    )


@rule(
    "DAT005",
    "most-data-left-out",
    source="https://www.tensorflow.org/api_docs/python/tf/data/Dataset#take",
)
def most_data_left_out(
    ledger: Ledger, training: Training, accuracy: Accuracy | None = None
) -> Finding:
    """A `take` left in from debugging lets a small part of the data through.

    Why it hurts: the network sees a handful of the pictures there are.
    How it is found: a `take` of less than a tenth of a data set of known length, whose rows are
        those that were trained on, and no `skip` that uses the rest; found if it lets five
        batches or fewer through, as one does to see whether code runs, or if the training was
        planned for more: it ends before even these rows are learnt.
    Fix: leave the `take` out.
    Limits: where the length of the data set is not known: clear. More pictures help nearly every
        script: a small part that is learnt (few-shot, a quick trial) may be meant: "unknown".
    """
    skipped = {call.details.get("of") for call in ledger.of("tf.data.skip")}
    for call in ledger.of("tf.data.take"):
        kept = call.details.get("arg") or call.details.get("count")
        there = call.details["of_elements"]
        if not isinstance(kept, int) or kept < 1 or there < 1 or call.details.get("of") in skipped:
            continue
        if kept >= LEFT_IN * there or training.n_train not in (kept, kept * training.batch_size):
            continue
        seen = (
            f"take({kept}) at line {call.site.line} lets {training.n_train} rows through, of a "
            f"data set with {there} elements"
        )
        are_batches = training.n_train != kept
        if not (are_batches and kept <= HANDFUL) and not _is_unlearnt(accuracy):
            return unknown(f"{seen}, and they are learnt: so few may be meant")
        return found(
            seen,
            fix="leave the take out",
            where=(call.site,),
            repairs=(drop_call(call.site, "tf.data.take"),),
            severity=0.4,
        )
    return clear("no take that leaves most of the data out")


def _is_unlearnt(accuracy: Accuracy | None) -> bool:
    """Does training accuracy stay below half way from chance to 1?"""
    return accuracy is not None and accuracy.train < (1 + accuracy.chance) / 2


@rule(
    "DAT006",
    "rows-that-weigh-nothing",
    source="https://keras.io/api/models/model_training_apis/#fit-method: sample_weight and "
    "class_weight multiply the loss of a row",
)
def rows_that_weigh_nothing(training: Training) -> Finding:
    """Weights of zero take training rows out of the loss.

    Why it hurts: a row whose weight is nothing teaches nothing, and a class of such rows is
        never learnt. Whole numbers divided by whole numbers, or a lookup that misses, make zeros.
    How it is found: `sample_weight` and `class_weight` together are zero for more than a tenth of
        the training rows.
    Fix: compute weights as fractions, and look at them before they are used.
    Limits: rows may be masked out on purpose; the gain decides.
    """
    seen = f"{training.weightless:.0%} of the training rows have a weight of 0"
    if training.n_train_used < 1:
        return unknown("no training rows were seen")
    if training.weightless <= WEIGHTLESS:
        return clear(seen)
    return found(
        seen,
        fix="compute the weights as fractions, or leave them out",
        where=(training.site,),
        repairs=(ignore_weights(),),
        severity=min(0.9, training.weightless),
        weightless=training.weightless,
    )


@rule(
    "DAT007",
    "weights-favour-the-large-classes",
    source="https://www.tensorflow.org/tutorials/structured_data/imbalanced_data#class_weights: "
    "class_weight maps class indices, not places in a list, to weights",
)
def weights_favour_the_large_classes(
    labels: Labels, training: Training, accuracy: Accuracy | None = None
) -> Finding:
    """Class weights that should even out classes make uneven ones more uneven.

    Why it hurts: small classes, which the weights are for, count for even less than without. So it
        goes where weights are listed in another order than the classes are numbered in, or
        counts are used in place of their inverse.
    How it is found: by share of the loss classes are a good deal less even than by their number of
        rows, the larger classes have the larger weights, and the validation part is more even.
        Of classes of one size: one weighs five times as much as another, and is answered for a
        good deal of what is no such thing.
    Fix: key the weights by class index, inversely to the counts.
    Limits: where classes are of one size, weights that answers hardly follow are left alone.
    """
    counts = {name: n for name, n in labels.train_counts.items() if name in training.class_weights}
    weights = [training.class_weights[name] for name in counts]
    rows = list(counts.values())
    if len(counts) < 2 or not training.class_weights:
        return unknown("what classes weigh in the loss was not seen")
    if max(weights) <= SAME_WEIGHT * min(weights):
        return clear("all classes weigh the same")
    if max(rows) < UNEVEN * min(rows):
        return _of_even_classes(training, labels, accuracy)
    before, after = _evenness(rows), _evenness([n * w for n, w in zip(rows, weights, strict=True)])
    seen = (
        f"{len(counts)} classes count like {after:.1f} of one size with their weights, "
        f"like {before:.1f} without"
    )
    if after > LESS_EVEN * before:
        return clear(seen)
    validated = [labels.validation_counts.get(name, 0) for name in counts]
    if _evenness(validated) <= before:
        return clear(f"{seen}, and the validation part is as uneven as training")
    largest = max(counts, key=lambda name: counts[name])
    return found(
        f"{seen}; class {largest}, the largest with {counts[largest]} rows, has weight "
        f"{training.class_weights[largest]:.3g}",
        fix="key class_weight by class index, with weights that fall with the counts",
        where=(training.site,),
        repairs=(ignore_weights(),),
        severity=0.3,
    )


def _of_even_classes(training: Training, labels: Labels, accuracy: Accuracy | None) -> Finding:
    """Do weights that nothing asks for decide what is answered?"""
    weights = training.class_weights
    heaviest, lightest = (choose(weights, key=lambda name: weights[name]) for choose in (max, min))
    validated = [labels.validation_counts.get(name, 0) for name in weights]
    is_even = max(validated) < UNEVEN * max(1, min(validated))
    is_heavy = weights[heaviest] >= HEAVY * weights[lightest] > 0  # of nothing DAT006 speaks
    is_followed = accuracy is not None and accuracy.variation > FOLLOWED
    if not (is_heavy and is_even and is_followed):
        return clear("classes have as many rows as one another: weights are there on purpose")
    return found(
        f"classes have as many rows as one another, and class {heaviest} weighs "
        f"{weights[heaviest] / weights[lightest]:.3g} times as much as class {lightest}",
        fix="leave class_weight out",
        where=(training.site,),
        repairs=(ignore_weights(),),
        severity=0.2,
    )


def _evenness(sizes: Sequence[float]) -> float:
    """How many classes of one size would be as even: the exponential of the entropy."""
    total = sum(sizes)
    shares = [size / total for size in sizes if size > 0] if total > 0 else []
    return math.exp(-sum(share * math.log(share) for share in shares)) if shares else 0.0


RULES = (
    majority_rate_as_accuracy,
    label_noise,
    empty_or_tiny_class,
    one_class_fills_training,
    most_data_left_out,
    rows_that_weigh_nothing,
    weights_favour_the_large_classes,
)

"""LAB: labels encoded or mapped wrongly."""

import itertools
import math
from collections.abc import Sequence

from regraft.diagnose.causes.pairing import (
    LIST_FILES,
    MIN_ROWS,
    NO_BETTER,
    SHUFFLES,
    SIGMAS,
    SPLIT,
    TOLD,
    apart,
    moved_alone,
    shuffled_readers,
    told_by_pictures,
    untold,
)
from regraft.diagnose.causes.skew import are_scaled_differently
from regraft.diagnose.evidence import (
    Accuracy,
    Association,
    Labels,
    Ledger,
    Output,
    Pixels,
    Training,
)
from regraft.diagnose.losses import BY_SIGN, REGRESSION
from regraft.diagnose.probe.labels import renumbered
from regraft.diagnose.repairs import (
    keep_pairs,
    names_with_folders,
    one_spelling,
    order_by_number,
    remap_labels,
    reorder_labels,
)
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

LEARNT = 0.7  # training accuracy from which wrong validation answers are a matter of names
EXPLAINED = 0.5  # share of the errors that renaming must explain
WORTH = 0.2
RELABELLED = 0.2  # of the pictures: fewer may be repeats that were labelled twice
UNTRAINED = 0.5  # of the validation rows: what the network calls classes it never saw says nothing
SHARED = 0.1  # of the files whose short names are taken
MISSPELLED = 0.02  # of the rows of a table: fewer cost less than a reshuffle does
CONTRADICTED = 0.1  # of the training labels; clean digits give two or three per cent
MOST_VALUES = 1000  # different label values; more are measurements, not classes


@rule(
    "LAB001",
    "labels-unrelated-to-pictures",
    source="https://github.com/NoahVl/Explaining-In-Style-Reproducibility-Study/issues/9 and "
    "Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, ICLR 2017",
)
def labels_unrelated_to_pictures(
    association: Association,
    ledger: Ledger,
    accuracy: Accuracy | None = None,
    pixels: Pixels | None = None,
) -> Finding:
    """Pictures and labels were put into different orders.

    Why it hurts: nothing is left to learn. A large network still learns the labels by heart,
        and validation stays at chance.
    How it is found: labels cannot be predicted from the pictures better than chance, in
        cross-validation on frozen features, or those of validation agree with the answers of a
        network that learnt as often as random pairs do; found if pictures or labels were shuffled
        alone or split one by one, files were listed in a shuffled order, or row numbers were drawn
        that may have been used on one of them only.
    Fix: shuffle both with one permutation.
    Limits: pictures scrambled by another fault give the same; without a recorded shuffle the
        answer is "unknown". Features that were predicted from a reader that shuffles are ORD004's.
    """
    shuffles = ledger.of(*SHUFFLES)
    alone = moved_alone(shuffles)
    told = told_by_pictures(association, accuracy, None if alone else pixels)
    # a network that is shown another scale than it was trained on answers at random, too
    is_shown_alike = pixels is None or not are_scaled_differently(pixels)
    is_random = accuracy is not None and _is_paired_at_random(accuracy) and is_shown_alike
    if told is not None and alone and accuracy is not None and is_random:
        return apart(
            alone,
            f"validation answers and labels agree at {accuracy.validation:.2f}, as random pairs "
            f"do; the shuffle at line {{}} moved pictures or labels alone",
            0.7,
        )
    if told is not None:
        return told
    seen = untold(association)
    if shuffled_readers(ledger):
        return clear(f"{seen}, but features were predicted in another order: see ORD004")
    if alone:
        # labels are mostly made of the names of files, which come in their order then
        named = all(call.details.get("names") for call in alone)
        return apart(
            alone,
            f"{seen}; the shuffle at line {{}} moved pictures or labels alone",
            0.3 if named else 0.85,
        )
    parted = [call for call in ledger.of(SPLIT) if call.details.get("n_arrays") == 1]
    if len(parted) > 1:  # one line may be a helper that both are given to
        return apart(parted, f"{seen}; pictures and labels are split apart at lines {{}}", 0.7)
    listed = [call for call in ledger.of(LIST_FILES) if call.details.get("shuffle")]
    if listed:
        return apart(listed, f"{seen}; the files at line {{}} are listed in a shuffled order", 0.7)
    drawn = [call for call in shuffles if call.details.get("row_numbers")]
    if drawn:
        return apart(
            drawn, f"{seen}; the order drawn at line {{}} may hold for one of them only", 0.3
        )
    return unknown(f"{seen}, and no recorded shuffle explains it")


def _is_paired_at_random(accuracy: Accuracy) -> bool:
    """Does a network that learnt agree with validation labels as often as random pairs would?"""
    if math.isnan(accuracy.by_chance) or accuracy.n_validation < MIN_ROWS:
        return False
    spread = math.sqrt(accuracy.by_chance * (1 - accuracy.by_chance) / accuracy.n_validation)
    is_chance = abs(accuracy.validation - accuracy.by_chance) <= max(NO_BETTER, SIGMAS * spread)
    return is_chance and accuracy.train > TOLD + max(accuracy.by_chance, accuracy.chance)


@rule(
    "LAB002",
    "class-maps-differ",
    source="https://github.com/keras-team/keras-preprocessing/pull/98 and "
    "https://github.com/keras-team/keras/issues/7543",
)
def class_maps_differ(labels: Labels, accuracy: Accuracy, training: Training) -> Finding:
    """Training and validation give the same class different numbers.

    Why it hurts: the network is right and is counted wrong.
    How it is found: class names of both parts in their order; without names, a renaming of the
        predicted classes that explains more than half of the validation errors (less will do
        where validation lacks a class and all behind it are one number too low) while training
        pictures are right.
    Fix: one list of class names for both parts (`class_names=`, `classes=`).
    Limits: two classes that are easily confused look like a swap: hence the high bar.
    """
    trained, validated = labels.train_class_names, labels.validation_class_names
    if mapping := renumbered(trained, validated):
        example = validated[int(next(iter(mapping)))]
        return found(
            f"{len(mapping)} of {len(validated)} classes have other numbers in validation: "
            f"{example!r} is {trained.index(example)} in training, "
            f"{validated.index(example)} in validation",
            fix="give both parts the same class_names",
            where=(training.site,),
            repairs=(remap_labels(mapping, part="validation"),),
            severity=min(0.9, len(mapping) / len(validated)),
        )
    gain = accuracy.relabelled - accuracy.validation
    seen = (
        f"the best renaming of classes takes validation from {accuracy.validation:.2f} to "
        f"{accuracy.relabelled:.2f}"
    )
    if len(labels.validation_counts) > len(labels.train_counts):
        return clear("validation has more classes than training: no renaming explains that")
    total = sum(labels.validation_counts.values())
    untrained = sum(
        n for c, n in labels.validation_counts.items() if not labels.train_counts.get(c)
    )
    if untrained > UNTRAINED * total:
        return clear(f"{untrained} of {total} validation rows are of classes never trained on")
    needed = max(WORTH, EXPLAINED * (1 - accuracy.validation))
    if _has_moved_up(accuracy.renaming, labels):
        needed = WORTH / 2
    if not accuracy.renaming or gain < needed:
        return clear(seen)
    if not accuracy.train >= LEARNT or accuracy.n_validation < MIN_ROWS:
        return unknown(f"{seen}, but training pictures are right at {accuracy.train:.2f} only")
    renaming = {
        str(true): predicted
        for predicted, true in enumerate(accuracy.renaming)
        if predicted != true
    }
    return found(
        f"{seen}: training and validation number their classes differently",
        fix="build both parts from one list of class names",
        where=(training.site,),
        repairs=(remap_labels(renaming, part="validation"),),
        severity=min(0.9, gain),
    )


def _has_moved_up(renaming: Sequence[int], labels: Labels) -> bool:
    """Is it what numbering classes anew does, where some of them are missing in validation?

    The order stays, and numbers behind a missing class are too low. No confusion looks like that.
    """
    validated = labels.validation_counts
    if len(validated) >= len(labels.train_counts):
        return False
    named = [(p, true) for p, true in enumerate(renaming) if validated.get(str(true))]
    in_order = all(a[1] < b[1] for a, b in itertools.pairwise(named))
    return in_order and any(predicted != true for predicted, true in named)


@rule(
    "LAB003",
    "labels-out-of-range",
    source="https://keras.io/api/losses/probabilistic_losses/: labels 0 or 1, or class indices "
    "from 0",
)
def labels_out_of_range(labels: Labels, output: Output) -> Finding:
    """Class numbers start or end outside what the loss reads.

    Why it hurts: labels -1 and 1 (or 1 and 2) with binary cross-entropy push the output out of
        [0, 1]; numbers beyond the last unit give an infinite loss.
    How it is found: lowest and highest label against the units of the last layer.
    Fix: number classes from 0.
    Limits: numbers from 1 with one unit more than classes waste a unit and do no harm: clear.
        So are -1 and 1 with a hinge loss, which asks for them.
    """
    if output.label_kind != "index":
        return unknown(f"labels are {output.label_kind}, not class numbers")
    if not labels.are_whole:
        return clear("labels are not whole numbers: LAB004 is about that")
    if output.loss in REGRESSION:
        return clear(f"the loss is {output.loss}")
    limit = 1 if output.units == 1 else output.units - 1
    seen = f"labels run from {labels.lowest:g} to {labels.highest:g}, {output.units} unit(s)"
    lowest = -1 if output.loss in BY_SIGN else 0
    if labels.lowest >= lowest and labels.highest <= limit:
        return clear(seen)
    values = _values(labels)
    if len(values) > limit + 1:
        return clear(f"{len(values)} classes do not fit {output.units} units: OUT002")
    return found(
        f"{seen} can be told labels from 0 to {limit}",
        fix="number the classes from 0",
        where=(output.compile_site,),
        repairs=(remap_labels({v: i for i, v in enumerate(values)}, part="all"),),
        severity=0.5,
    )


@rule(
    "LAB004",
    "labels-scaled-or-not-whole",
    source="https://stackoverflow.com/questions/59325381 (deepmufl, DeepFD): y_train / 255",
)
def labels_scaled_or_not_whole(labels: Labels, output: Output) -> Finding:
    """Class numbers were scaled as if they were pixels.

    Why it hurts: divided by 255, all ten classes lie between 0 and 0.04; read as class numbers,
        all are class 0.
    How it is found: labels that are not whole numbers, of few different values, with a
        classification loss.
    Fix: scale pictures, not labels.
    Limits: measurements (regression) have many values or a regression loss: clear.
    """
    if labels.are_whole or output.label_kind in ("one-hot", "multi-hot"):
        return clear("labels are whole numbers, or one column a class")
    if output.loss in REGRESSION:
        return clear(f"the loss is {output.loss}: labels may be measurements")
    values = _values(labels)
    if not 2 <= len(values) <= MOST_VALUES:
        return unknown(f"labels are not whole numbers and take {len(values)} values")
    return found(
        f"labels are not whole numbers: {len(values)} values from {labels.lowest:g} to "
        f"{labels.highest:g}",
        fix="leave labels as they are; scale pictures only",
        where=(output.compile_site,),
        repairs=(remap_labels({v: i for i, v in enumerate(values)}, part="all"),),
        severity=0.8,
    )


def _values(labels: Labels) -> list[str]:
    """The label values of both parts as text, in numeric order."""
    return sorted({*labels.train_counts, *labels.validation_counts}, key=float)


@rule(
    "LAB005",
    "labels-in-another-order",
    source="https://numpy.org/doc/stable/reference/generated/numpy.repeat.html against "
    "numpy.tile; https://docs.python.org/3/library/glob.html: names come in no order, and sorted "
    "as text 10 comes before 2",
)
def labels_in_another_order(association: Association, training: Training) -> Finding:
    """Labels are in a systematic order of their own: repeated, reversed, shifted, or as text.

    Why it hurts: each label is right, and stands at another picture. Nothing is left to learn.
    How it is found: labels cannot be predicted from the pictures, but once one of the usual
        mistakes is undone, pictures that are alike carry the same labels.
    Fix: build pictures and labels in one loop, or with the same function (`np.tile` for copies
        set after set, `np.repeat` for copies next to each other; one sorted list of names).
    Limits: where both were shuffled together afterwards, no order is left to see.
    """
    if association.n < MIN_ROWS:
        return unknown(f"{association.n} rows are too few to tell")
    if association.reordered is None:
        return clear("no usual mistake in the order of the labels explains them")
    order, agreeing = association.reordered
    return found(
        f"labels are predicted from pictures at {association.accuracy:.2f} (chance "
        f"{association.chance:.2f}); taken as {order!r}, {agreeing:.0%} of the nearest pictures "
        "carry the same label",
        fix=f"put labels in the order of their pictures: they are {order!r}",
        where=(training.site,),
        repairs=(reorder_labels(order),),
        severity=0.85,
    )


@rule(
    "LAB006",
    "files-not-in-the-order-of-labels",
    source="https://github.com/keras-team/keras/issues/7543: '1', '10', '11'; "
    "https://docs.python.org/3/library/os.html#os.listdir: the list is in arbitrary order",
)
def files_not_in_the_order_of_labels(
    association: Association,
    ledger: Ledger,
    accuracy: Accuracy | None = None,
    pixels: Pixels | None = None,
) -> Finding:
    """Files are listed unsorted or as text (1, 10, 2), their labels by number.

    Why it hurts: most pictures get the label of another one. Nothing is left to learn.
    How it is found: labels cannot be predicted from the pictures better than chance, and a list of
        picture files is in another order than the numbers in their names.
    Fix: look labels up by the name of the file, or sort names by their number.
    Limits: pictures whose names hold no numbers say nothing.
    """
    told = told_by_pictures(association, accuracy, pixels)
    if told is not None:
        return told
    lists = {call.site: call for call in ledger.of("file-order")}
    if not lists:
        return unknown(f"{untold(association)}, and no list of files explains it")
    names, by_number = (
        ", ".join(next(iter(lists.values())).details[key]) for key in ("first", "by_number")
    )
    return found(
        f"{untold(association)}; the files listed at line "
        f"{', '.join(str(site.line) for site in lists)} come as {names}, by number {by_number}",
        fix="look labels up by the name of the file, or sort the names by their numbers",
        where=tuple(lists),
        repairs=tuple(order_by_number(site) for site in lists),
        severity=0.6,
    )


@rule(
    "LAB007",
    "labels-change-between-epochs",
    source="https://keras.io/api/utils/python_utils/#pydataset-class: `on_epoch_end` is called "
    "between epochs, and what it shuffles must serve pictures and labels alike",
)
def labels_change_between_epochs(training: Training) -> Finding:
    """Pictures get another label in every epoch: one of the two is put into a new order alone.

    Why it hurts: the network is taught something else about the same picture each time, and
        learns what all labels have in common: nothing.
    How it is found: the training set is read twice, with `on_epoch_end` between; found if
        more than a fifth of the pictures come back with another label.
    Fix: shuffle pictures and labels with one order, or zip them before the shuffle.
    Limits: pictures that are changed at random are not recognised again.
    """
    if training.relabelled is None:
        return unknown("no training picture was recognised when the data were read again")
    if training.relabelled <= RELABELLED:
        return clear("pictures come back with the labels they had")
    return found(
        f"{training.relabelled:.0%} of the training pictures have another label when the data "
        "are read again for the second epoch",
        fix="shuffle pictures and labels with one order",
        where=(training.site,),
        repairs=(keep_pairs(),),
        severity=min(0.9, training.relabelled),
    )


@rule(
    "LAB008",
    "names-that-are-not-unique",
    source="https://docs.python.org/3/library/pathlib.html#pathlib.PurePath.stem: the final path "
    "component, without its folder; https://docs.python.org/3/library/stdtypes.html#dict: a key "
    "that is written again has the last value",
)
def names_that_are_not_unique(association: Association, ledger: Ledger) -> Finding:
    """Labels are looked up by names that files of several folders share.

    Why it hurts: `north/0001.jpg` and `south/0001.jpg` are both "0001". In a table of labels the
        last one read speaks for all of them.
    How it is found: short names of picture files that the script takes and that several folders
        share, and training labels that contradict their pictures; then a replay in which
        every short name keeps its folder.
    Fix: look labels up by the path from the folder of the data, not by the name alone.
    Limits: names cut out of a string by hand are not seen, nor those that `os.walk` and
        `os.listdir` give without a folder.
    """
    taken = [
        call
        for call in ledger.of("short-name")
        if call.details["shared"] > SHARED * max(call.details["n"], 1)
    ]
    if not taken:
        return clear("no picture files of several folders were called by one name")
    call = taken[-1]
    folders = " and ".join(call.details["folders"])
    seen = (
        f"{call.details['shared']:,} of {call.details['n']:,} picture files share their name at "
        f"line {call.site.line} with one in another folder ({call.details['example']!r} in "
        f"{folders})"
    )
    if association.noisy < CONTRADICTED:
        return clear(f"{seen}; but {association.noisy:.1%} of the labels contradict their pictures")
    return found(
        f"{seen}, and {association.noisy:.0%} of the training labels contradict their pictures",
        fix="look labels up by folder and name together",
        where=tuple(dict.fromkeys(call.site for call in taken)),
        repairs=(names_with_folders(),),
        severity=0.6,
    )


@rule(
    "LAB009",
    "one-class-in-several-spellings",
    source="https://docs.python.org/3/library/stdtypes.html#str.casefold: strings that differ in "
    "case are not equal; neither are 'dog' and 'dog '",
)
def one_class_in_several_spellings(labels: Labels, ledger: Ledger) -> Finding:
    """A column of class names spells one of them in several ways.

    Why it hurts: `"Dog" == "dog"` is false. Pictures of dogs become the other class, or a class of
        their own that no network can tell from the first.
    How it is found: a column of a table of text in which words differ only by case or spaces, and
        that has as many words, or as many but for spelling, as there are classes; then a replay
        with the commonest spelling everywhere.
    Fix: normalise what was read before it is compared: `name.strip().lower()`.
    Limits: tables read by `csv.DictReader` only. A script that normalises by itself gains nothing
        in the replay, and is not accused.
    """
    n_classes = len(set(labels.train_counts) | set(labels.validation_counts))
    named = [
        call
        for call in ledger.of("table-spellings")
        if n_classes in (call.details["kinds"], call.details["spelled"])
        and call.details["odd"] >= MISSPELLED * call.details["rows"]
    ]
    if not named:
        return clear("no table with as many words as classes spells one in several ways")
    call = named[-1]
    odd, usual = next(iter(call.details["spellings"].items()))
    column = call.details["column"]
    return found(
        f"column {column!r} has {usual!r} and {odd!r}: {call.details['odd']:,} of "
        f"{call.details['rows']:,} rows are in a rarer spelling",
        fix=f"compare row[{column!r}].strip().lower(), not the text as it is",
        where=(call.site,),
        repairs=(one_spelling(column, call.details["spellings"]),),
        severity=0.3,
    )


RULES = (
    labels_unrelated_to_pictures,
    class_maps_differ,
    labels_out_of_range,
    labels_scaled_or_not_whole,
    labels_in_another_order,
    files_not_in_the_order_of_labels,
    labels_change_between_epochs,
    names_that_are_not_unique,
    one_class_in_several_spellings,
)

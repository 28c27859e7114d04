"""Train, validation and test: stratified, seeded, and identical pictures never on two sides."""

import hashlib
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from regraft.data.labels import require_classes
from regraft.data.likeness import linked
from regraft.data.source import PART_NAMES, TEST, TRAIN, VALIDATION, ImageSet
from regraft.data.text import listed
from regraft.errors import DataError, InvalidArgumentError, expected_received
from regraft.records import IntArray, Split

LEFT_OUT = -1


def split_rows(
    images: ImageSet,
    *,
    validation_fraction: float = 0.15,
    test_fraction: float = 0.15,
    seed: int = 0,
) -> Split:
    """Give every row a part. A part the data names is kept; what is missing is drawn from train.

    Rows that share a group or a picture stay together: they are drawn as one. Of identical
    pictures in two parts that the data names, the one in test stays, else the one in validation;
    the others are `Split.left_out`.

    Args:
        images: The rows; their pictures are compared by `ImageSet.identity`.
        validation_fraction: Of the rows outside given parts, for validation.
        test_fraction: Of the same rows, for test; 0 for no test part.
        seed: Decides the draw.

    Raises:
        DataError: When a group lies in two given parts, or a class keeps no row to train on.
        InvalidArgumentError: For fractions that leave nothing to train on.
    """
    if min(validation_fraction, test_fraction) < 0 or validation_fraction + test_fraction >= 1:
        received = f"{validation_fraction:g} and {test_fraction:g}"
        raise InvalidArgumentError(
            expected_received("fractions of at least 0 and together under 1", received)
        )
    require_classes(images)
    identity = images.identity()
    if images.given_split is None:
        parts = np.full(len(images), TRAIN, np.int64)
    else:
        _require_groups_in_one_part(images)
        parts = _without_repeats(images.given_split, identity)
        _require_training_rows(images, parts)
    fractions = {
        part: fraction
        for part, fraction in ((VALIDATION, validation_fraction), (TEST, test_fraction))
        if fraction > 0 and not np.any(parts == part)
    }
    if fractions:
        free = np.flatnonzero(parts == TRAIN)
        units = _units(identity[free], None if images.groups is None else images.groups[free])
        parts[free] = _drawn(images.labels[free], units, fractions, np.random.default_rng(seed))
    return Split(
        train=np.flatnonzero(parts == TRAIN),
        validation=np.flatnonzero(parts == VALIDATION),
        test=np.flatnonzero(parts == TEST),
        left_out=np.flatnonzero(parts == LEFT_OUT),
    )


def hold_out_less(images: ImageSet, split: Split, *, at_most: int, seed: int) -> Split:
    """The same split, with validation pictures that are not needed for choosing learnt from.

    Args:
        images: The rows.
        split: Of them.
        at_most: Validation rows to keep, about: rows that must stay together do.
        seed: Decides which.
    """
    rows = split.validation
    if len(rows) <= at_most:
        return split
    units = _units(images.identity()[rows], None if images.groups is None else images.groups[rows])
    shares = {VALIDATION: at_most / len(rows)}
    parts = _drawn(images.labels[rows], units, shares, np.random.default_rng(seed))
    learnt = rows[parts == TRAIN]
    return replace(
        split, train=np.concatenate([split.train, learnt]), validation=rows[parts == VALIDATION]
    )


def digest_of(*parts: IntArray) -> str:
    """SHA-256 (hex) over the row numbers of parts of a split.

    The fingerprint of the data says nothing of groups, which decide a split with it.
    """
    total = hashlib.sha256()
    for rows in parts:
        total.update(len(rows).to_bytes(8, "little"))
        total.update(rows.astype("<i8").tobytes())
    return total.hexdigest()


def _require_groups_in_one_part(images: ImageSet) -> None:
    if images.groups is None or images.given_split is None:
        return
    pairs = np.unique(np.stack([images.groups, images.given_split], axis=1), axis=0)
    repeated = np.flatnonzero(pairs[1:, 0] == pairs[:-1, 0])
    if len(repeated):
        group, first = pairs[repeated[0]]
        row = int(np.flatnonzero(images.groups == group)[0])
        where = f"the group of {images.row_names[row]}" if images.row_names else f"group {group}"
        received = f"{where} in {PART_NAMES[first]} and {PART_NAMES[pairs[repeated[0] + 1, 1]]}"
        step = f"{len(repeated):,} groups do so: correct the split, or leave it out."
        raise DataError(expected_received("every group in one part of the split", received, step))


def _without_repeats(given: IntArray, identity: IntArray) -> IntArray:
    """The given parts, with rows whose picture is also in a later part left out."""
    parts = given.copy()
    for part in (TRAIN, VALIDATION):
        later = np.unique(identity[given > part])
        parts[(given == part) & np.isin(identity, later)] = LEFT_OUT
    return parts


def _require_training_rows(images: ImageSet, parts: IntArray) -> None:
    counts = np.bincount(images.labels[parts == TRAIN], minlength=len(images.class_names))
    lost = [name for name, count in zip(images.class_names, counts, strict=True) if count == 0]
    if lost:
        received = f"only pictures that are in validation or test too, for {listed(lost)}"
        raise DataError(expected_received("pictures of every class to train on", received))


def _units(identity: IntArray, groups: IntArray | None) -> IntArray:
    """(n,) Equal numbers, from 0 without gaps, for rows that must stay together."""
    if groups is None:
        return np.unique(identity, return_inverse=True)[1].astype(np.int64)
    # rows are edges between the picture they show and the group they belong to
    pictures = np.unique(identity, return_inverse=True)[1]
    owners = np.unique(groups, return_inverse=True)[1] + pictures.max() + 1
    component = linked(pictures, owners, n_nodes=int(owners.max()) + 1)[pictures]
    return np.unique(component, return_inverse=True)[1].astype(np.int64)


def _drawn(
    labels: IntArray,
    units: IntArray,
    fractions: dict[int, float],
    generator: np.random.Generator,
) -> IntArray:
    """(n,) The part of each row.

    Units of several rows go first, the largest first, each to the part that still lacks the
    largest share of its classes; then single rows fill every class up exactly.
    """
    wanted = _wanted(np.bincount(labels), fractions)  # (parts, classes)
    lacking = wanted.astype(np.float64)
    parts = np.full(len(labels), TRAIN, np.int64)

    sizes = np.bincount(units)
    by_unit = np.split(np.argsort(units, kind="stable"), np.cumsum(sizes)[:-1])
    shuffled = generator.permutation(len(sizes))
    several = [unit for unit in shuffled if sizes[unit] > 1]
    for unit in sorted(several, key=lambda unit: -sizes[unit]):
        rows = by_unit[unit]
        counts = np.bincount(labels[rows], minlength=wanted.shape[1])
        share = np.divide(lacking, wanted, out=np.full(wanted.shape, -1.0), where=wanted > 0)
        part = int(np.argmax(share @ counts))
        parts[rows] = part
        lacking[part] -= counts

    single = np.array([by_unit[unit][0] for unit in shuffled if sizes[unit] == 1], np.int64)
    for label in range(wanted.shape[1]):
        rows = single[labels[single] == label]
        for part in sorted(fractions, reverse=True):
            n = max(0, int(lacking[part, label]))
            parts[rows[:n]] = part
            rows = rows[n:]
    _return_one_unit_of_each_lost_class(parts, labels, units)
    for part in sorted(fractions):
        if not np.any(parts == part):
            _give_one_unit(parts, labels, units, part)
    return parts


def _wanted(counts: IntArray, fractions: dict[int, float]) -> npt.NDArray[np.int64]:
    """(parts, classes) How many rows each part should get.

    Each class has one at least in train, then in validation, then in test.
    """
    wanted = np.zeros((len(PART_NAMES), len(counts)), np.int64)
    left = counts.copy()
    for place, part in enumerate(sorted(fractions)):
        # keep one row for train and one for each part that comes first
        most = np.maximum(counts - 1 - place, 0)
        wanted[part] = np.minimum(np.maximum(np.rint(fractions[part] * counts), 1), most)
        left -= wanted[part]
    wanted[TRAIN] = left
    return wanted


def _return_one_unit_of_each_lost_class(parts: IntArray, labels: IntArray, units: IntArray) -> None:
    """Groups of several classes can leave a class without training rows: give it one back."""
    for label in np.setdiff1d(labels, labels[parts == TRAIN]):
        of_class = units[labels == label]
        smallest = of_class[np.argmin(np.bincount(units)[of_class])]
        parts[units == smallest] = TRAIN


def _give_one_unit(parts: IntArray, labels: IntArray, units: IntArray, part: int) -> None:
    """Large units can leave a part without rows: give it the smallest that training can spare."""
    trained = np.bincount(labels[parts == TRAIN], minlength=labels.max() + 1)
    sizes = np.bincount(units)
    here = np.unique(units[parts == TRAIN])
    for unit in here[np.argsort(sizes[here], kind="stable")]:
        lost = np.bincount(labels[units == unit], minlength=len(trained))
        if np.all((trained > lost) | (lost == 0)):
            parts[units == unit] = part
            return

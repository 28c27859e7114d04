"""Data opened and parted the same way for every command that chooses on one part of them."""

import numpy as np

from regraft.data.source import ImageSet
from regraft.data.split import split_rows
from regraft.errors import DataError, expected_received
from regraft.heads.subsample import stratified_rows
from regraft.records import Split

VALIDATION_FRACTION = TEST_FRACTION = 0.15  # carved out where the data name no such part
# Pictures of the head that fine-tuning begins with: it only has to point the right way.
START_TRAIN, START_VALIDATION = 10_000, 2_000


def part(images: ImageSet, *, seed: int) -> Split:
    """Train, validation and test, none of them empty.

    Raises:
        DataError: If there are too few pictures for that.
    """
    split = split_rows(
        images,
        validation_fraction=VALIDATION_FRACTION,
        test_fraction=TEST_FRACTION,
        seed=seed,
    )
    if not len(split.validation) or not len(split.test):
        step = "Add pictures: at least three different ones a class."
        if images.groups is not None:
            step = "Make the groups smaller, or add some: at least three a class."
        raise DataError(
            expected_received(
                "pictures enough for train, validation and test",
                f"{len(images):,} of {len(images.class_names):,} classes in {images.name}",
                step,
            )
        )
    return split


def some_of(images: ImageSet, split: Split, *, seed: int) -> tuple[ImageSet, Split]:
    """Training and validation pictures enough for a head that fine-tuning begins with.

    Returns:
        Those pictures, and how they are parted; none of them for the test.
    """
    train, validation = (
        rows[stratified_rows(images.labels[rows], at_most, seed=seed)]
        for rows, at_most in ((split.train, START_TRAIN), (split.validation, START_VALIDATION))
    )
    order = np.arange(len(train) + len(validation))
    return images.take(np.concatenate([train, validation])), Split(
        train=order[: len(train)], validation=order[len(train) :], test=order[:0]
    )

"""Data opened and parted the same way for every command that chooses on one part of them."""

from regraft.data.source import ImageSet
from regraft.data.split import split_rows
from regraft.errors import DataError, expected_received
from regraft.records import Split

VALIDATION_FRACTION = TEST_FRACTION = 0.15  # carved out where the data name no such part


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
        raise DataError(
            expected_received(
                "pictures enough for train, validation and test",
                f"{len(images):,} of {len(images.class_names):,} classes in {images.name}",
                "Add pictures: at least three different ones a class.",
            )
        )
    return split

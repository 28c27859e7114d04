"""From labels as people write them to class names and numbers."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from regraft.data.source import PART_NAMES, TRAIN, ImageSet
from regraft.data.text import listed
from regraft.errors import DataError, expected_received
from regraft.records import IntArray

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


def sorted_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Every different name once, by number when all are whole numbers, else by code point."""
    different = set(names)
    if all(WHOLE_NUMBER.fullmatch(name) for name in different):
        return tuple(sorted(different, key=lambda name: (int(name), name)))
    return tuple(sorted(different))


def numbered(names: Sequence[str], class_names: Sequence[str]) -> IntArray:
    """(n,) The place of each name in `class_names`."""
    place = {name: number for number, name in enumerate(class_names)}
    return np.array([place[name] for name in names], np.int64)


def label_texts(labels: npt.ArrayLike, *, what: str) -> list[str]:
    """One text a picture, from whole numbers or strings of shape (n,) or (n, 1).

    Args:
        labels: As given by the user.
        what: What messages call them, such as "y_train".

    Raises:
        DataError: For one-hot rows, fractions, missing labels and other kinds of values.
    """
    values = np.asarray(labels)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        step = "For one-hot rows pass labels.argmax(axis=1)." if values.ndim == 2 else ""
        raise DataError(expected_received(f"{what} of shape (n,)", f"shape {values.shape}", step))
    if values.dtype.kind in "iu":
        return [str(value) for value in values.tolist()]
    return label_values(values.tolist(), what=what)


def label_values(values: list[object], *, what: str) -> list[str]:
    """One text for each single label: a string, or a whole number of any type.

    Raises:
        DataError: With the numbers of the rows whose label is missing or of another type.
    """
    texts = [_text(value) for value in values]
    missing = [f"row {row}" for row, text in enumerate(texts) if text is None]
    if missing:
        first = values[texts.index(None)]
        raise DataError(
            expected_received(
                f"a label (text or a whole number) for every picture in {what}",
                f"{first!r:.60} in {listed(missing)} (counted from 0)",
                "Fill the labels in, or remove those rows.",
            )
        )
    return [text for text in texts if text is not None]


def require_pictures(images: ImageSet) -> None:
    """Refuse data without a picture.

    Raises:
        DataError: For no picture.
    """
    if not len(images):
        received = f"none in {images.name}{_skipped(images)}"
        raise DataError(expected_received("pictures", received))


def _skipped(images: ImageSet) -> str:
    return f" after {len(images.bad_images):,} bad ones" if images.bad_images else ""


def require_classes(images: ImageSet) -> None:
    """Refuse what no classifier can be fitted to.

    Raises:
        DataError: For no picture, a single class, a class with fewer than two pictures, or a
            class without a picture to train on.
    """
    names = images.class_names
    skipped = _skipped(images)
    require_pictures(images)
    counts = np.bincount(images.labels, minlength=len(names))
    if len(names) < 2:
        received = f"one class ({listed(list(names))}) in {images.name}"
        step = "Add pictures of what is to be told apart from it."
        raise DataError(expected_received("at least two classes", received, step))
    few = [name for name, count in zip(names, counts, strict=True) if count < 2]
    if few:
        received = f"fewer{skipped} for {listed(few)} in {images.name}"
        step = "Add pictures, or remove the class."
        raise DataError(expected_received("at least two pictures a class", received, step))
    if images.given_split is not None:
        trained = set(images.labels[images.given_split == TRAIN].tolist())
        untrained = [name for number, name in enumerate(names) if number not in trained]
        if untrained:
            received = f"none in the {PART_NAMES[TRAIN]} part of {images.name} for "
            raise DataError(
                expected_received("training pictures of every class", received + listed(untrained))
            )


def _text(value: object) -> str | None:
    """None for what is no label."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) else None

"""`ImageSet`: one thing for every kind of data. Labels are known, pixels are read on demand."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from regraft.data.likeness import alike, joined
from regraft.records import IntArray

TRAIN, VALIDATION, TEST = 0, 1, 2
PART_NAMES = ("train", "validation", "test")

Pixels = npt.NDArray[np.uint8]  # (h, w, c) with c 1 or 3, in [0, 255]
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class BadImage:
    """A picture that was dropped because it cannot be decoded."""

    name: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """One of `left_out` in the JSON of every command that reads pictures."""
        return {"name": self.name, "reason": self.reason}


class Pictures(Protocol):
    """Where the pixels of an `ImageSet` come from: memory or files."""

    @property
    def uniform_shape(self) -> tuple[int, int, int] | None:
        """(h, w, c) when every picture is known to have it."""

    def __len__(self) -> int: ...

    def read(self, rows: IntArray, *, reduce_to: int | None = None) -> list[Pixels] | Pixels:
        """As `ImageSet.read`."""

    def each(
        self, rows: IntArray, change: Callable[[Pixels], Result], *, reduce_to: int | None = None
    ) -> list[Result]:
        """As `ImageSet.each`."""

    def take(self, rows: IntArray) -> "Pictures":
        """These rows only. Copies no pixels."""

    def n_bytes(self) -> int:
        """Size of the files that would be decoded, 0 in memory."""

    def digests(self) -> list[bytes]:
        """The SHA-256 of each picture: of its pixels in memory, of its file on disk."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageSet:
    """Labelled pictures of any kind. Made by `open_data`.

    Attributes:
        name: What messages and reports call it.
        class_names: In the order of the label numbers.
        labels: (n,) indices into `class_names`.
        pictures: What `read` reads from.
        given_split: (n,) 0 train, 1 validation, 2 test; None when the data names no split.
        groups: (n,) Rows with equal numbers must stay on one side of a split; None without groups.
        row_names: Relative file names, None for arrays.
        bad_images: What `on_bad_image="skip"` dropped.
    """

    name: str
    class_names: tuple[str, ...]
    labels: IntArray
    pictures: Pictures
    given_split: IntArray | None = None
    groups: IntArray | None = None
    row_names: tuple[str, ...] | None = None
    bad_images: tuple[BadImage, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def uniform_shape(self) -> tuple[int, int, int] | None:
        """(h, w, c) when every picture has this shape, else None."""
        return self.pictures.uniform_shape

    def read(self, rows: IntArray, *, reduce_to: int | None = None) -> list[Pixels] | Pixels:
        """Pixels of some rows, in the order asked for, decoded by several threads.

        Args:
            rows: (m,) row numbers; any order, repeats allowed.
            reduce_to: As in `regraft.data.decode.decode`; says nothing to arrays.

        Returns:
            (m, h, w, c) when the shape is uniform, else a list of (h, w, c); c is 1 or 3, values
            in [0, 255].

        Raises:
            BadImageError: Names the file that cannot be decoded.
        """
        return self.pictures.read(rows, reduce_to=reduce_to)

    def each(
        self, rows: IntArray, change: Callable[[Pixels], Result], *, reduce_to: int | None = None
    ) -> list[Result]:
        """What `change` makes of every picture, in the order asked for.

        A file is changed by the thread that decoded it, so that of many photographs only a few are
        in memory at a time, whatever the number of rows.

        Args:
            rows: As for `read`.
            change: Of one picture (h, w, c); called by several threads.
            reduce_to: As for `read`.

        Raises:
            BadImageError: As `read`.
        """
        return self.pictures.each(rows, change, reduce_to=reduce_to)

    def take(self, rows: IntArray) -> "ImageSet":
        """The set made of these rows, in this order. Copies no pixels."""
        names = self.row_names
        return dataclasses.replace(
            self,
            labels=self.labels[rows],
            pictures=self.pictures.take(rows),
            given_split=None if self.given_split is None else self.given_split[rows],
            groups=None if self.groups is None else self.groups[rows],
            row_names=None if names is None else tuple(names[row] for row in rows),
        )

    def fingerprint(self) -> str:
        """SHA-256 (hex) over pictures, labels, class names and given split, in row order.

        Where the data lies, what files are called, and groups say nothing.
        """
        facts = [self.class_names, self.uniform_shape, self.given_split is not None]
        total = hashlib.sha256(json.dumps(facts).encode())
        for digest in self.pictures.digests():
            total.update(digest)
        for numbers in (self.labels, self.given_split):
            if numbers is not None:
                total.update(numbers.astype("<i8").tobytes())
        return total.hexdigest()

    def identity(self) -> IntArray:
        """(n,) Equal numbers where pictures are identical, or nearly so (`likeness.alike`)."""
        return self._identity

    @cached_property
    def _identity(self) -> IntArray:
        first_seen: dict[bytes, int] = {}
        numbers = [first_seen.setdefault(d, len(first_seen)) for d in self.pictures.digests()]
        return joined(np.array(numbers, np.int64), alike(self.pictures), self.labels)

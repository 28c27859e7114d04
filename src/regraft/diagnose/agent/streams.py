"""Data sets, sequences and generators, read once: as many of their rows as there is room for."""

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST_BYTES = 1e9  # of one reading: 1,660 pictures of 224 pixels in float32, and Keras copies them
LEAST_ROWS = 16  # however large they are
LOOKED_AT_AGAIN = 2  # batches
_WITHOUT_END, _UNKNOWN = -1, -2  # as tf.data numbers them

Batch = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]  # rows, labels, weights


@dataclass(kw_only=True)
class Stream:
    """What was kept of a data set, batch by batch."""

    batches: list[Batch] = field(default_factory=list)
    positions: list[np.ndarray] = field(default_factory=list)  # of the rows kept, among all
    start: list[np.ndarray] = field(default_factory=list)  # rows of the first batches, all of them
    total: int = 0  # rows gone through
    every: int = 1  # of how many rows one is kept
    batch_size: int = 0
    is_whole: bool = True  # was it read to its end?

    def __len__(self) -> int:
        return sum(map(len, self.positions))

    def add(self, batch: Batch) -> None:
        """Keep what is due of one more batch."""
        n = len(batch[0])
        positions = np.arange(self.total, self.total + n)
        self.total += n
        self.batch_size = self.batch_size or n
        if len(self.start) < LOOKED_AT_AGAIN:
            self.start.append(batch[0])
        self.batches.append(batch)
        self.positions.append(positions)
        if self.every > 1:
            self._thin(len(self.batches) - 1)

    def thin(self) -> None:
        """Give up every other row that was kept."""
        self.every *= 2
        for number in range(len(self.batches)):
            self._thin(number)

    def _thin(self, number: int) -> None:
        due = self.positions[number] % self.every == 0
        x, y, w = self.batches[number]
        self.positions[number] = self.positions[number][due]
        self.batches[number] = (
            x[due], None if y is None else y[due], None if w is None else w[due],
        )  # fmt: skip

    def taken(self) -> Batch | None:
        """All rows in one array, which takes the place of the batches; None if sizes differ."""
        parts = [batch[0] for batch in self.batches]
        if len({part.shape[1:] for part in parts}) > 1:
            return None
        labels = _joined([batch[1] for batch in self.batches])
        weights = _joined([batch[2] for batch in self.batches])
        self.batches.clear()
        rows = np.empty(
            (len(self), *parts[0].shape[1:]), np.result_type(*{part.dtype for part in parts})
        )
        at = 0
        while parts:  # each is freed as it is copied: never twice the whole
            part = parts.pop(0)
            rows[at : at + len(part)] = part
            at += len(part)
        return rows, labels, weights


def read(
    source: Any,
    *,
    steps: int | None,
    most_rows: int,
    to_the_end: bool = False,
    seconds: float = math.inf,
    may_be_named: bool = False,
) -> Stream | None:
    """Go through a data set; None for what only Keras itself can read.

    Args:
        source: Gives batches.
        steps: How many of them at most.
        most_rows: There is room for, if they are small.
        to_the_end: Go on where there is no room for more, so that all rows are counted, and keep
            every second, fourth, ... row of all; else the first rows are kept.
        seconds: After which no more batches are read.
        may_be_named: Are rows that are the only ones under a name an array, too?
    """
    until = time.monotonic() + seconds
    given = batches(source)
    if given is None:
        return None
    stream = Stream()
    most = None if steps is None else max(0, math.ceil(steps))  # `len(x) / 32` is a usual one
    for batch in itertools.islice(given, most):
        read_batch = parts(batch, may_be_named=may_be_named)
        if read_batch is None:
            return None
        x = read_batch[0]
        room = max(LEAST_ROWS, min(most_rows, int(MOST_BYTES / max(1, x[:1].nbytes))))
        if not to_the_end and stream.total and stream.total + len(x) > room:
            stream.is_whole = False
            break
        stream.add(read_batch)
        while to_the_end and len(stream) > room:
            stream.thin()
        if time.monotonic() > until:
            stream.is_whole = False
            break
    return stream if len(stream.positions) else None


def rows_of_a_pass(source: Any, batch_size: int) -> int | None:
    """How many rows there are until they come again; None where nothing says so.

    Args:
        source: Gives batches; what repeats without end is asked for what it repeats.
        batch_size: Of its batches.
    """
    once, n = source, _length(source)
    while n == _WITHOUT_END and hasattr(once, "_input_dataset"):
        once = once._input_dataset  # nothing public says what is repeated
        n = _length(once)
    if n <= 0:
        return None
    return n * batch_size if _rank(once) == _rank(source) else n


def _length(source: Any) -> int:
    """Of batches, or of what becomes batches later; negative where it has none or says none."""
    for count in (getattr(source, "cardinality", None), getattr(source, "__len__", None)):
        try:
            return int(count())  # type: ignore[misc]
        except (TypeError, ValueError):
            continue
    return _UNKNOWN


def _rank(source: Any) -> int | None:
    """Axes of the first part of what it gives, as far as that is known."""
    spec = getattr(source, "element_spec", None)
    while isinstance(spec, tuple | list | dict) and spec:
        spec = next(iter(spec.values())) if isinstance(spec, dict) else spec[0]
    shape = getattr(spec, "shape", None)
    return getattr(shape, "rank", None)


def batches(source: Any) -> Iterator[Any] | None:
    """Its batches in order, None if it has none."""
    if hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "map"):
        return (source[i] for i in range(len(source)))  # PyDataset, Sequence, folder iterators
    if hasattr(source, "__iter__"):
        given: Iterator[Any] = iter(source)
        return given
    return None


def parts(batch: Any, *, may_be_named: bool = False) -> Batch | None:
    """Rows, labels and weights of one batch; None if its rows are no array.

    Args:
        batch: What a data set gives.
        may_be_named: Are rows, or labels, that are the only ones under a name an array, too?
    """
    if not isinstance(batch, tuple | list):
        batch = (batch,)
    if may_be_named:
        batch = [only(part) for part in batch]
    if not is_array(batch[0]):
        return None
    x = np.asarray(batch[0])
    y = np.asarray(batch[1]) if len(batch) > 1 and is_array(batch[1]) else None
    w = np.asarray(batch[2]) if len(batch) > 2 and is_array(batch[2]) else None
    return x, y, w


def only(value: Any) -> Any:
    """The one array that a dictionary holds; anything else as it is."""
    is_named = isinstance(value, dict) and len(value) == 1
    return next(iter(value.values())) if is_named else value


def is_array(value: Any) -> bool:
    """Numpy, or something that turns into it at once."""
    return isinstance(value, np.ndarray) or (
        hasattr(value, "__array__") and hasattr(value, "shape") and not _is_symbolic(value)
    )


def _is_symbolic(value: Any) -> bool:
    return type(value).__name__ in ("KerasTensor", "SymbolicTensor")


def _joined(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    """All in a row, None where one is missing."""
    there = [array for array in arrays if array is not None]
    return np.concatenate(there) if there and len(there) == len(arrays) else None

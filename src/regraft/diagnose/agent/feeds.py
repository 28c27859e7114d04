"""Whatever a script gives to `fit`, `evaluate` or `predict`, as rows of arrays.

Arrays are taken as they are. Data sets, sequences and generators are read once, in their own
order, up to a limit; a second look at their start tells whether they reshuffle or change pixels
at random.
"""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LOOK_AGAIN = 2  # batches read a second time


@dataclass(kw_only=True)
class Feed:
    """Pictures with labels, in the order in which they are given."""

    x: np.ndarray
    y: np.ndarray | None
    planned: int  # rows in the script's own data
    batch_size: int | None = None
    source: Any = None  # the data set itself, where it was not arrays
    reshuffles: bool = False
    random_pixels: bool = False
    complete: bool = True
    rows: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.int64)
    )  # positions in x as given
    sample_weight: np.ndarray | None = None
    seen_again: float = 1.0  # share of rows of the second look that the first pass had
    relabelled: float | None = 0.0  # of these, the share with another label; None: not compared

    def __len__(self) -> int:
        return len(self.x)

    @property
    def labels(self) -> np.ndarray:
        """The labels of a feed that has them, as given."""
        if self.y is None:
            raise ValueError("expected labels; received pictures only")
        return self.y

    def take(self, rows: np.ndarray) -> "Feed":
        """The same feed with these rows only."""
        return Feed(
            x=self.x[rows],
            y=None if self.y is None else self.y[rows],
            planned=self.planned,
            batch_size=self.batch_size,
            source=self.source,
            reshuffles=self.reshuffles,
            random_pixels=self.random_pixels,
            complete=False,
            rows=self.rows[rows],
            sample_weight=None if self.sample_weight is None else self.sample_weight[rows],
            seen_again=self.seen_again,
            relabelled=self.relabelled,
        )


def read(
    x: Any,
    y: Any,
    *,
    batch_size: int | None,
    steps: int | None,
    limit: int,
    sample_weight: Any = None,
    is_trained: bool = False,
) -> Feed | None:
    """Make a feed, or None for what only Keras itself can read (several inputs, symbolic data).

    Args:
        x: As `Model.fit` takes it.
        y: Likewise.
        batch_size: Likewise.
        steps: Batches of an epoch, where the script says how many.
        limit: Rows that are read of a data set.
        sample_weight: As `Model.fit` takes it.
        is_trained: Will it be read for many epochs? A sequence is then told where one ends.
    """
    if isinstance(x, list | tuple) and x and not np.isscalar(x[0]) and len(x) > 1 and y is not None:
        x = _stack(x)
    if is_array(x):
        return _arrays(x, y, batch_size, sample_weight)
    if x is None or isinstance(x, dict | list | tuple):
        return None
    return _stream(x, steps, limit, is_trained=is_trained)


def is_array(value: Any) -> bool:
    """Numpy, or something that turns into it at once."""
    return isinstance(value, np.ndarray) or (
        hasattr(value, "__array__") and hasattr(value, "shape") and not _is_symbolic(value)
    )


def _is_symbolic(value: Any) -> bool:
    return type(value).__name__ in ("KerasTensor", "SymbolicTensor")


def _stack(parts: Any) -> Any:
    """A list of equal pictures is an array in disguise; a list of inputs is not."""
    first = np.shape(parts[0])
    if len(first) in (2, 3) and all(np.shape(part) == first for part in parts[:8]):
        return np.asarray(parts)
    return parts


def _arrays(x: Any, y: Any, batch_size: int | None, sample_weight: Any) -> Feed:
    x = np.asarray(x)
    return Feed(
        x=x,
        y=None if y is None else np.asarray(y),
        planned=len(x),
        batch_size=batch_size or 32,
        rows=np.arange(len(x)),
        sample_weight=None if sample_weight is None else np.asarray(sample_weight),
    )


def _stream(source: Any, steps: int | None, limit: int, *, is_trained: bool) -> Feed | None:
    batches = _batches(source)
    if batches is None:
        return None
    xs: list[np.ndarray] = []
    ys: list[np.ndarray | None] = []
    ws: list[np.ndarray | None] = []
    complete, total = True, 0
    for number, batch in enumerate(batches):
        if steps is not None and number >= steps:
            break
        parts = _parts(batch)
        if parts is None:
            return None
        if total + len(parts[0]) > limit and total:
            complete = False
            break
        xs.append(parts[0])
        ys.append(parts[1])
        ws.append(parts[2])
        total += len(parts[0])
    if not xs:
        return None
    try:
        x = np.concatenate(xs)
    except ValueError:
        return None  # pictures of different sizes
    batch_size = len(xs[0])
    feed = Feed(
        x=x,
        y=_joined(ys),
        planned=_planned(source, batch_size, steps, total, complete),
        batch_size=batch_size,
        source=source,
        complete=complete,
        rows=np.arange(len(x)),
        sample_weight=_joined(ws),
        relabelled=None,
    )
    if is_trained:
        _end_epoch(source)
    _look_again(feed)
    return feed


def _joined(parts: list[np.ndarray | None]) -> np.ndarray | None:
    """All parts in a row, None where one is missing."""
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there and len(there) == len(parts) else None


def _batches(source: Any) -> Iterator[Any] | None:
    if hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "map"):
        return (source[i] for i in range(len(source)))  # PyDataset, Sequence, folder iterators
    if hasattr(source, "__iter__"):
        batches: Iterator[Any] = iter(source)
        return batches
    return None


def _parts(batch: Any) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None] | None:
    if not isinstance(batch, tuple | list):
        batch = (batch,)
    if not is_array(batch[0]):
        return None
    x = np.asarray(batch[0])
    y = np.asarray(batch[1]) if len(batch) > 1 and is_array(batch[1]) else None
    w = np.asarray(batch[2]) if len(batch) > 2 and is_array(batch[2]) else None
    return x, y, w


def _planned(source: Any, batch_size: int, steps: int | None, seen: int, complete: bool) -> int:
    if steps is not None:
        return steps * batch_size
    if complete:
        return seen
    for count in (getattr(source, "cardinality", None), getattr(source, "__len__", None)):
        try:
            n_batches = int(count())  # type: ignore[misc]
        except (TypeError, ValueError):
            continue
        if n_batches > 0:
            return n_batches * batch_size
    return seen


def _look_again(feed: Feed) -> None:
    """Read the first batches a second time: another order? other pixels? other labels?"""
    if not hasattr(feed.source, "cardinality") and not hasattr(feed.source, "__getitem__"):
        return  # a generator cannot be read twice
    known = {digest: row for row, digest in enumerate(map(digest_row, feed.x))}
    again = [_parts(batch) for batch in itertools.islice(_batches(feed.source) or (), LOOK_AGAIN)]
    batches = [parts for parts in again if parts is not None]
    if not batches or len(batches) < len(again):
        return
    positions = [known.get(digest_row(picture), -1) for x, _, _ in batches for picture in x]
    found = [p for p in positions if p >= 0]
    feed.seen_again = len(found) / len(positions)
    # with a partial first pass a reshuffled set shows unseen rows too: call that reshuffling
    feed.random_pixels = feed.complete and feed.seen_again < 0.5
    feed.reshuffles = found != sorted(found) or (not feed.complete and feed.seen_again < 0.9)
    labels = _joined([y for _, y, _ in batches])
    if labels is None or feed.y is None:
        return
    if feed.random_pixels:  # labels still tell whether the order is another one
        feed.reshuffles = not np.array_equal(feed.y[: len(labels)], labels)
    elif found:
        here = np.array(positions)
        before, now = label_indices(feed.y)[here], label_indices(labels)
        feed.relabelled = float(np.mean((before != now)[here >= 0]))


def _end_epoch(source: Any) -> None:
    """What Keras tells a sequence between two epochs, where its class has something to do then."""
    end = getattr(type(source), "on_epoch_end", None)
    if end is not None and not end.__module__.startswith("keras."):
        source.on_epoch_end()


def digest_row(picture: np.ndarray) -> bytes:
    """Short digest of one row's exact values."""
    return hashlib.blake2b(np.ascontiguousarray(picture).tobytes(), digest_size=8).digest()


def label_indices(y: np.ndarray | None) -> np.ndarray:
    """Labels as one number a row: one-hot rows become their position."""
    if y is None:
        return np.zeros(0, np.int64)
    y = np.asarray(y)
    if y.ndim >= 2 and y.shape[-1] > 1:
        return np.asarray(y.reshape(len(y), -1).argmax(axis=1))
    return y.reshape(len(y))


def stratified(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """`n` rows, in their own order, with the class mix of `labels`; more rows hold the fewer."""
    if n >= len(labels):
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    share = n / len(labels)
    chosen: list[np.ndarray] = []
    for value in np.unique(labels):
        rows = np.flatnonzero(labels == value)
        keep = max(1, round(share * len(rows)))
        chosen.append(rng.permutation(rows)[:keep])
    return np.sort(np.concatenate(chosen))

"""Whatever a script gives to `fit`, `evaluate` or `predict`, as rows of arrays.

Arrays are taken as they are. Data sets, sequences and generators are read once, in their own
order, as far as there is room; a second look at their start tells whether they reshuffle or
change pixels at random.
"""

import hashlib
import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regraft.diagnose.agent import draws, streams
from regraft.diagnose.probe import labels as label_probe

MOST_ROWS = 6000  # of a data set that is trained on or scored: ten times what a sample should have
RARELY = 0.5  # as often as expected: pictures that are changed at random never come again
SAME_SCALE = 1e-3  # of a span: what rounding may leave where a picture was scaled once more
WHOLE_PASS = 0.9  # of the rows: fewer steps an epoch are fewer on purpose, or by mistake
# The first rows of a long data set that is in the order of its classes: shares of them, and of what
# moves between their first and last third, that no shuffled set of several classes comes near.
NEARLY_ONE, MOVED = 0.8, 0.3
READING_SECONDS = 20.0  # that reading such a set to its end may take, in every replay
MOST_LOOKED_AT_AGAIN = 32  # batches
FEWEST = 15  # rows expected to come again: none of fewer may be chance


@dataclass(kw_only=True)
class Feed:
    """Pictures with labels, in the order in which they are given."""

    x: np.ndarray
    y: np.ndarray | None
    planned: int  # rows in the script's own data
    batch_size: int | None = None
    source: Any = None  # the data set itself, where it was not arrays
    reshuffles: bool = False
    is_mixed_again: bool = False  # did the second look find the classes mixed?
    random_pixels: bool = False
    complete: bool = True
    rows: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.int64)
    )  # positions in x as given
    sample_weight: np.ndarray | None = None
    drifts: bool = False  # does each pass find the pictures scaled once more?
    seen_again: float = 1.0  # share of rows of the second look that the first pass had
    relabelled: float | None = 0.0  # of these, the share with another label; None: not compared
    newcomers: frozenset[bytes] = frozenset()  # digests of rows that only the second look had

    def __len__(self) -> int:
        return len(self.x)

    @property
    def is_drawn_anew(self) -> bool:
        """Do its pictures or labels change each epoch, so that only its source can give them?"""
        changes = self.random_pixels or self.relabelled or self.drifts
        return self.source is not None and bool(changes)

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
            is_mixed_again=self.is_mixed_again,
            random_pixels=self.random_pixels,
            complete=False,
            rows=self.rows[rows],
            sample_weight=None if self.sample_weight is None else self.sample_weight[rows],
            drifts=self.drifts,
            seen_again=self.seen_again,
            relabelled=self.relabelled,
            newcomers=self.newcomers,
        )


def read(
    x: Any,
    y: Any,
    *,
    batch_size: int | None,
    steps: int | None,
    limit: int = MOST_ROWS,
    sample_weight: Any = None,
    to_the_end: bool = False,
    is_trained: bool = False,
    model: Any = None,
) -> Feed | None:
    """Make a feed, or None for what only Keras itself can read.

    That is several inputs or outputs, labels that are maps or pictures, and symbolic data.

    Args:
        x: Arrays, or what gives batches.
        y: Labels of arrays.
        batch_size: Of arrays.
        steps: Batches of a data set that are wanted, None for all.
        limit: Rows of a data set that are kept at most.
        sample_weight: Of arrays, one a row.
        to_the_end: Keep rows from all over a long data set, so that it is known how many it has;
            else its first ones.
        is_trained: Will it be read for many epochs? A sequence is then told where one ends.
        model: Who is given the rows. One that is a graph takes an array for its only input in
            place of a dictionary with it.
    """
    structures = [getattr(model, f"_{part}_struct", None) for part in ("inputs", "outputs")]
    is_single = len(getattr(model, "inputs", None) or ()) == 1
    may_be_named = is_single and not any(isinstance(each, dict) for each in structures)
    if may_be_named:
        x, y = streams.only(x), streams.only(y)
    if isinstance(x, list | tuple) and len(x) == 1 and streams.is_array(x[0]) and is_single:
        x = x[0]
        y = y[0] if isinstance(y, list | tuple) and len(y) == 1 else y
    if isinstance(x, list | tuple) and x and not np.isscalar(x[0]) and len(x) > 1 and y is not None:
        x = _stack(x, n=len(y))
    if streams.is_array(x):
        return None if _are_no_classes(y, n=len(x)) else _arrays(x, y, batch_size, sample_weight)
    if x is None or isinstance(x, dict | list | tuple):
        return None
    return _stream(x, steps, limit, to_the_end=to_the_end, is_trained=is_trained,
                   may_be_named=may_be_named)  # fmt: skip


def _are_no_classes(y: Any, *, n: int) -> bool:
    """Labels of several outputs, or a map or a picture a row?"""
    if isinstance(y, dict):
        return True
    if isinstance(y, list | tuple):
        return len(y) != n and all(np.ndim(part) for part in y)
    return y is not None and are_maps(np.shape(y))


def are_maps(shape: tuple[int, ...]) -> bool:
    """Does every row of labels of this shape have labels at several places?"""
    return len(shape) > 2 and int(np.prod(shape[1:-1])) > 1


def _stack(parts: Any, *, n: int) -> Any:
    """A list of equal pictures, as many as labels, is an array in disguise; inputs are not."""
    first = np.shape(parts[0])
    if (
        len(parts) == n
        and len(first) in (2, 3)
        and all(np.shape(part) == first for part in parts[:8])
    ):
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


def _stream(
    source: Any,
    steps: int | None,
    limit: int,
    *,
    to_the_end: bool,
    is_trained: bool,
    may_be_named: bool,
) -> Feed | None:
    stream = streams.read(
        source, steps=steps, most_rows=limit, to_the_end=to_the_end, may_be_named=may_be_named
    )
    if stream is None:
        return None
    is_long = not stream.is_whole and steps is None and _has_an_end(source)
    if is_long and not to_the_end and _is_one_end(stream):
        longer = streams.read(source, steps=None, most_rows=limit, to_the_end=True,
                              seconds=READING_SECONDS, may_be_named=may_be_named)  # fmt: skip
        stream = longer or stream
    if is_trained and steps is not None and not to_the_end:
        available = streams.rows_of_a_pass(source, stream.batch_size)
        if available is not None and steps * stream.batch_size < WHOLE_PASS * available:
            # epochs go on where the last one ended: all rows are trained on, or could be
            steps = -(-available // stream.batch_size)
            return _stream(
                source, steps, limit, to_the_end=False, is_trained=True, may_be_named=may_be_named
            )
    rows = np.concatenate(stream.positions)
    taken = stream.taken()
    if taken is None:
        return None  # pictures of different sizes
    x, y, weights = taken
    if y is not None and are_maps(y.shape):
        return None
    feed = Feed(
        x=x,
        y=y,
        planned=stream.total if stream.is_whole else _planned(source, stream, steps),
        batch_size=stream.batch_size,
        source=source,
        complete=stream.is_whole and stream.every == 1,
        rows=rows,
        sample_weight=weights,
        relabelled=None,
    )
    if is_trained:
        end_epoch(source)
    if _has_an_end(source):
        _look_again(feed, np.concatenate(stream.start))
    elif is_trained and steps is not None and stream.is_whole:
        _look_on(feed)
    return feed


def _has_an_end(source: Any) -> bool:
    """Can it be read to its end, and again? A generator's own rows are gone."""
    return hasattr(source, "cardinality") or (
        hasattr(source, "__getitem__") and hasattr(source, "__len__")
    )


def _is_one_end(stream: streams.Stream) -> bool:
    """Do the first rows look like one end of rows in the order of their classes?"""
    parts = [y for _, y, _ in stream.batches if y is not None]
    labels = label_indices(np.concatenate(parts)) if parts else np.zeros(0, int)
    n = len(labels) // 3
    if n < FEWEST:
        return False
    if np.unique(labels, return_counts=True)[1].max() > NEARLY_ONE * len(labels):
        return True
    first, last = labels[:n], labels[-n:]
    moved = sum(abs(np.mean(first == k) - np.mean(last == k)) for k in set(labels)) / 2
    return bool(moved > MOVED)


def _planned(source: Any, stream: streams.Stream, steps: int | None) -> int:
    """Rows of a data set that was not read to its end."""
    if steps is not None:
        return steps * stream.batch_size
    for count in (getattr(source, "cardinality", None), getattr(source, "__len__", None)):
        try:
            n_batches = int(count())  # type: ignore[misc]
        except (TypeError, ValueError):
            continue
        if n_batches > 0:
            return n_batches * stream.batch_size
    return stream.total


def _look_again(feed: Feed, start: np.ndarray) -> None:
    """Read the first batches a second time: another order? other pixels? other labels?"""
    first = [digest_row(row) for row in feed.x]
    known = dict(zip(first, feed.rows.tolist(), strict=True))
    known |= {digest_row(row): position for position, row in enumerate(start)}
    # of a reshuffled set, a second look shows as much of a partial first pass as that was of all
    covered = min(1.0, len(feed) / max(1, feed.planned))
    size = max(1, feed.batch_size or 1)
    needed = math.ceil((FEWEST + 1) / (covered * size))
    # of rows from all over a set only the first batches are known whole
    known_whole = len(feed) // size if np.array_equal(feed.rows, np.arange(len(feed))) else 0
    n_batches = max(streams.LOOKED_AT_AGAIN, min(needed, known_whole, MOST_LOOKED_AT_AGAIN))
    second = _first_batches(feed.source, n_batches) or []
    rows = [row for batch in second for row in batch[0]]
    # a blank picture comes again whenever another one does
    again = [None if _is_blank(row) else digest_row(row) for row in rows]
    told = [known.get(digest, -1) for digest in again if digest is not None]
    if not told:
        return
    found = [position for position in told if position >= 0]
    feed.newcomers = frozenset(d for d in again if d is not None and d not in known)
    feed.seen_again = len(found) / len(told)
    feed.random_pixels = feed.seen_again < RARELY * covered and covered * len(told) > FEWEST
    feed.reshuffles = found != sorted(found) or (not feed.complete and feed.seen_again < 0.9)
    labels = [batch[1] for batch in second if batch[1] is not None]
    if feed.y is None or sum(map(len, labels)) != len(rows):
        return
    now = np.concatenate(labels)
    feed.is_mixed_again = label_probe.is_mixed(label_indices(now), size, like=label_indices(feed.y))
    if feed.random_pixels:  # labels still tell whether the order is another one
        feed.reshuffles = not np.array_equal(feed.y[: len(rows)], now)
        if not feed.reshuffles and _is_scaled_again(start, rows):
            feed.drifts, feed.random_pixels, feed.seen_again = True, False, 1.0
        return
    feed.relabelled = _relabelled(first, label_indices(feed.y), again, label_indices(now))


def tell_redrawn(one: Feed, other: Feed) -> None:
    """A part whose second look shows pictures of the other part is drawn anew, not changed.

    So it is where `take` and `skip` cut a data set that reshuffles at each pass.
    """
    if not one.random_pixels:
        return
    of_other = {digest_row(row) for row in other.x}
    share = len(one.newcomers & of_other) / max(1, len(one.newcomers))
    covered = min(1.0, len(other) / max(1, other.planned))
    if share > RARELY * covered:
        one.random_pixels, one.reshuffles = False, True


def _look_on(feed: Feed) -> None:
    """Read the next batches of a generator: the same pictures again, or other pixels of them?

    It cannot be read from its start. Pictures that never come again were changed at random only
    where random numbers were drawn meanwhile: there may be more of them than one epoch takes.
    """
    known = {digest_row(row) for row in feed.x}
    drawn = draws.count()
    rows = [row for batch in _first_batches(feed.source) or [] for row in batch[0]]
    told = [digest_row(row) in known for row in rows if not _is_blank(row)]
    if draws.count() > drawn and len(told) > FEWEST:
        feed.seen_again = float(np.mean(told))
        feed.random_pixels = feed.reshuffles = feed.seen_again < RARELY


def _is_scaled_again(first: np.ndarray, second: list[np.ndarray]) -> bool:
    """Are these the same pictures but for one scale and one offset a channel, the same for all?"""
    if len(first) != len(second) or first.shape[1:] != second[0].shape or first.ndim != 4:
        return False
    before, after = first.astype(np.float64), np.stack(second).astype(np.float64)
    for channel in range(before.shape[-1]):
        x, y = before[..., channel].ravel(), after[..., channel].ravel()
        if np.ptp(x) == 0 or np.array_equal(x, y):
            return False
        left = y - np.polyval(np.polyfit(x, y, 1), x)
        if np.abs(left).max() > SAME_SCALE * max(float(np.ptp(y)), SAME_SCALE * float(np.ptp(x))):
            return False
    return True


def _relabelled(
    first: list[bytes], labels: np.ndarray, again: list[bytes | None], now: np.ndarray
) -> float | None:
    """Of the rows that came again, the share with a label they did not have in the first pass."""
    had: dict[bytes | None, set[Any]] = {}
    for digest, label in zip(first, labels.tolist(), strict=True):
        had.setdefault(digest, set()).add(label)
    changed = [
        label not in had[digest]
        for digest, label in zip(again, now.tolist(), strict=True)
        if digest in had
    ]
    return float(np.mean(changed)) if changed else None


def _is_blank(picture: np.ndarray) -> bool:
    """One value throughout."""
    return bool((picture == picture.flat[0]).all()) if picture.size else True


def end_epoch(source: Any) -> None:
    """What Keras tells a sequence after every pass, where its class has something to do then.

    A training, an `evaluate` and a `predict` make passes alike.
    """
    end = getattr(type(source), "on_epoch_end", None)
    if end is not None and not end.__module__.startswith("keras."):
        source.on_epoch_end()


def _first_batches(source: Any, n: int = streams.LOOKED_AT_AGAIN) -> list[streams.Batch] | None:
    given = itertools.islice(streams.batches(source) or (), n)
    read = [streams.parts(batch, may_be_named=True) for batch in given]
    known = [batch for batch in read if batch is not None]
    return known if len(known) == len(read) else None


def digest_row(picture: np.ndarray) -> bytes:
    """Short digest of one row's exact values."""
    return hashlib.blake2b(np.ascontiguousarray(picture).tobytes(), digest_size=8).digest()


def among(x: np.ndarray, *known: set[bytes]) -> list[np.ndarray]:
    """Which rows each of these sets of digests holds: one row of yes and no a set."""
    digests = [digest_row(row) for row in x] if any(known) else [b""] * len(x)
    return [np.array([digest in each for digest in digests], bool) for each in known]


def label_indices(y: np.ndarray | None) -> np.ndarray:
    """Labels as one number a row: one-hot rows become their position."""
    if y is None:
        return np.zeros(0, np.int64)
    y = np.asarray(y)
    if y.ndim >= 2 and y.shape[-1] > 1:
        return np.asarray(y.reshape(len(y), -1).argmax(axis=1))
    return y.reshape(len(y))


def stratified(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """`n` rows, in their own order, with the class mix of `labels`; more rows hold the fewer.

    More classes than rows are no classes, but quantities: then any rows will do.
    """
    if n >= len(labels):
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    if len(np.unique(labels)) > n:
        return np.sort(rng.permutation(len(labels))[:n])
    share = n / len(labels)
    chosen: list[np.ndarray] = []
    for value in np.unique(labels):
        rows = np.flatnonzero(labels == value)
        keep = max(1, round(share * len(rows)))
        chosen.append(rng.permutation(rows)[:keep])
    return np.sort(np.concatenate(chosen))

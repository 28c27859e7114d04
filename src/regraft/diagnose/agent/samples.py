"""Which rows are looked at, kept and shown."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from regraft.diagnose.probe.pixels import neighbour_correlation

ROWS = 1000  # pictures kept for the probes and for the reference
BYTES = 24e6  # of them at most
EAGER_VALUES = 128 * 96 * 96 * 3  # input values of one eager pass: some 2 GB in MobileNetV2
LEAST_EAGER = 16
SMALLEST_FLAT = 12  # pixels a side
LIKE_PICTURES = 0.4  # of neighbours: digits 0.8, photographs more, frozen features next to nothing


def spread(n: int, most: int) -> np.ndarray:
    """At most `most` row numbers, evenly spread over n."""
    rows = np.linspace(0, n - 1, min(n, most)).astype(int)  # of no rows: none
    return np.asarray(np.unique(rows))


def affordable(x: np.ndarray) -> np.ndarray:
    """Which of these pictures to keep: few if they are large."""
    return spread(len(x), max(16, int(BYTES / max(1, x[:1].nbytes))))


def spread_within(x: np.ndarray, most: int, n_bytes: float = 4e8) -> np.ndarray:
    """As `spread`, and of no more than so many bytes: rows of a large array are slow to read."""
    each = max(1, x[:1].nbytes)
    return spread(len(x), max(16, min(most, int(n_bytes / each))))


def spread_eagerly(x: np.ndarray, most: int) -> np.ndarray:
    """As `spread`, few enough to run a network on eagerly: every layer's maps stay in memory."""
    return spread(len(x), max(LEAST_EAGER, min(most, int(EAGER_VALUES / max(1, x[:1].size)))))


def as_pictures(x: np.ndarray) -> np.ndarray:
    """(n, h, w) gray pictures with a channel axis, flat rows unfolded; else as it is."""
    if x.ndim == 2 and x.dtype.kind in "uif":
        return _unfolded(x)
    return x[..., None] if x.ndim == 3 and min(x.shape[1:]) > 6 else x


def _unfolded(rows: np.ndarray) -> np.ndarray:
    """Square pictures that were flattened for a dense network; what else is flat stays so."""
    for channels in (1, 3):
        side = math.isqrt(rows.shape[1] // channels)
        if side < SMALLEST_FLAT or side * side * channels != rows.shape[1]:
            continue
        pictures = rows.reshape(len(rows), side, side, channels)
        few = pictures[spread(len(rows), 64)].astype(np.float32)
        if neighbour_correlation(few) > LIKE_PICTURES:
            return pictures
    return rows


def changed(x: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray | None:
    """`x` with its pictures changed, in the shape it has; None if it holds none."""
    pictures = as_pictures(x)
    if pictures.ndim != 4:
        return None
    return np.ascontiguousarray(change(pictures)).reshape(x.shape)


def pictures(x: np.ndarray) -> np.ndarray:
    """A few of these pictures, as they are kept in the record."""
    kept = as_pictures(x[affordable(x)])
    return np.asarray(kept, np.float32 if kept.dtype.kind == "f" else None)


def paired(x: np.ndarray, labels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Rows of `x` reordered so that their labels are `wanted`, as far as they go round."""
    pools = {c: list(np.flatnonzero(labels == c)) for c in np.unique(labels)}
    rows = [pools[c][i % len(pools[c])] if pools.get(c) else 0 for i, c in enumerate(wanted)]
    return np.asarray(x[np.array(rows, int)])


def flat(value: Any) -> list[Any]:
    """The leaves of nested lists, [] for None."""
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in flat(part)]
    return [value]

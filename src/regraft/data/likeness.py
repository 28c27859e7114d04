"""Pictures that are nearly identical: saved again, or frames of a scene where nothing moves.

They must not lie on both sides of a split: a picture that was learnt by heart is no test. Told by
the means of a few cells, as programs that look for duplicate pictures do; every pair is compared.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from regraft.errors import BadImageError
from regraft.records import FloatArray, IntArray

SIDE = 16  # cells a side
DECODED = 64  # pixels a side at least, where a JPEG can be decoded at a reduced scale
# Root mean square over the cells, in gray levels of 255. Photographs of cats and dogs saved again
# as JPEG of quality 50: at most 2.2; as PNG 3.2; at half their size 5.3, of 95% below 3.2. The two
# most alike of 700 different ones: 26.6; of 5,000 digits: 7.0.
NEAR = 5.0
# Standard deviation over the cells: blank pages, and patches of one colour, are all alike.
LEAST_CONTRAST = 8.0
MOST = 10_000  # pictures that are compared: each with each
MOST_BYTES = 1e9  # of files that are decoded for it
MOST_PAIRS = 100  # a picture, on average: more that are alike are no copies
# Of a class: where so many are linked they are no copies, the pictures are simply so; with less,
# three units are left to part.
MOST_TOGETHER = 0.5
_BLOCK = 1_000

Pixels = npt.NDArray[np.uint8]
Result = TypeVar("Result")


class _Pictures(Protocol):
    """As `regraft.data.source.Pictures`."""

    def __len__(self) -> int: ...

    def n_bytes(self) -> int: ...

    def each(
        self, rows: IntArray, change: Callable[[Pixels], Result], *, reduce_to: int | None = None
    ) -> list[Result]: ...


def alike(pictures: _Pictures) -> list[tuple[int, int]]:
    """Pairs of rows whose pictures are nearly identical, the lower one first.

    None are named where there are too many or too large pictures (`reason_not_compared`), or where
    nearly all are alike (`MOST_PAIRS`).
    """
    n = len(pictures)
    if n < 2 or reason_not_compared(pictures):
        return []
    cells = _cells_of(pictures)
    shown = np.flatnonzero(cells.std(axis=1) >= LEAST_CONTRAST)  # nan: cannot be decoded
    x = cells[shown]
    lengths = np.square(x).sum(axis=1)
    limit = NEAR**2 * x.shape[1]
    found: list[IntArray] = []
    for start in range(0, len(x), _BLOCK):
        some = slice(start, start + _BLOCK)
        apart = lengths[some, None] + lengths[None, :] - 2 * x[some] @ x.T
        rows, others = np.nonzero(apart < limit)
        later = others > rows + start
        found.append(np.stack([rows[later] + start, others[later]], axis=1))
        if sum(map(len, found)) > MOST_PAIRS * n:
            return []
    pairs = shown[np.concatenate(found)] if found else np.zeros((0, 2), np.int64)
    return [(int(a), int(b)) for a, b in pairs]


def reason_not_compared(pictures: _Pictures) -> str:
    """Why nearly identical pictures are not looked for; empty where they are."""
    if len(pictures) > MOST:
        return f"more than {MOST:,} pictures"
    if pictures.n_bytes() > MOST_BYTES:
        return f"more than {MOST_BYTES / 1e9:g} GB of files"
    return ""


def joined(identity: IntArray, pairs: list[tuple[int, int]], labels: IntArray) -> IntArray:
    """(n,) Equal numbers for rows that are identical, or linked by nearly identical ones.

    Args:
        identity: (n,) Equal numbers for identical pictures.
        pairs: Of rows that are nearly identical.
        labels: (n,) Links that would hold `MOST_TOGETHER` of a class together are not followed.
    """
    numbers = np.unique(identity, return_inverse=True)[1]
    a, b = numbers[np.array(pairs, np.int64).reshape(-1, 2)].T
    if np.array_equal(a, b):  # nothing but what is identical
        return identity
    together = linked(a, b, n_nodes=int(numbers.max()) + 1)[numbers]
    n_classes = int(labels.max()) + 1
    places, counts = np.unique(together * n_classes + labels, return_counts=True)
    of_class = np.bincount(labels)[places % n_classes]
    too_many = places[(counts > 1) & (counts >= MOST_TOGETHER * of_class)] // n_classes
    return np.where(np.isin(together, too_many), together.max() + 1 + numbers, together)


def linked(a: IntArray, b: IntArray, *, n_nodes: int) -> IntArray:
    """(n_nodes,) Equal numbers for nodes that edges from `a` to `b`, (m,) each, hold together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(a)), (a, b)), shape=(n_nodes, n_nodes))
    return np.asarray(connected_components(edges, directed=False)[1], np.int64)


def _cells_of(pictures: _Pictures) -> FloatArray:
    """(n, SIDE * SIDE * 3) means of cells; rows of nan for what cannot be decoded."""
    rows = np.arange(len(pictures))
    try:
        return np.stack(pictures.each(rows, _cells, reduce_to=DECODED))
    except BadImageError:  # named when it is read: here it is only not compared
        pass
    cells = np.full((len(pictures), SIDE * SIDE * 3), np.nan, np.float32)
    for row in rows:
        try:
            (cells[row],) = pictures.each(rows[row : row + 1], _cells, reduce_to=DECODED)
        except BadImageError:
            continue
    return cells


def _cells(picture: Pixels) -> FloatArray:
    """Means over a grid of cells, whose borders are whole pixels; a gray one counts three times."""
    means = picture.astype(np.float32)
    for axis in (0, 1):
        borders = np.arange(SIDE) * picture.shape[axis] // SIDE
        widths = np.maximum(np.diff(borders, append=picture.shape[axis]), 1)
        means = np.add.reduceat(means, borders, axis=axis)
        means /= widths[:, None, None] if axis == 0 else widths[:, None]
    return np.broadcast_to(means, (SIDE, SIDE, 3)).reshape(-1)

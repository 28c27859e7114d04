"""Pictures that were cut out of one larger picture, or shifted: they share pixels, value by value.

Where all pictures resemble each other (digits on black), thumbnails of a shifted copy do not stand
out; the same pixels at another place do.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

SIDE = 1 / 3  # of a picture's side: what is looked for elsewhere
LEAST_SIDE, MOST_SIDE = 7, 12  # pixels; a smaller piece may be anybody's, a larger one takes time
# A piece must show something: standard deviation, as a share of the range of all pictures, and
# different values, as a share of its pixels. Drawn shapes on a plain ground have the same corners.
CONTRAST, DIFFERENT = 0.1, 0.1
SAME = 0.005  # of the range, root mean square: bytes and rounding leave less
FAR = 3.0  # standard errors that pixels so far apart may lie apart along a random direction
ASKED = 1000  # validation pictures
MOST_PIECES = 2e6  # of training pictures: fewer of large ones
_DIRECTIONS = 3
_TOGETHER = 2e7  # numbers in a block of pieces


def shared(train: Values, validation: Values) -> tuple[Rows, Rows]:
    """Which validation pictures hold a piece of which training pictures, also mirrored.

    Args:
        train: Gray, shape (n, h, w).
        validation: The same, shape (m, h, w).

    Returns:
        The pairs: rows of the validation part, and as many of the training part.
    """
    none = np.zeros(0, np.int64)
    is_comparable = train.ndim == 3 and train.shape[1:] == validation.shape[1:]
    if not is_comparable or not len(train) or not len(validation):
        return none, none
    side = min(int(SIDE * min(train.shape[1:3])), MOST_SIDE)
    if side < LEAST_SIDE:
        return none, none
    known, asked = train.astype(np.float32), validation.astype(np.float32)
    span = float(np.ptp(known))
    if not np.isfinite(span) or span <= 0:
        return none, none
    known, asked = known / span, asked / span
    places = (known.shape[1] - side + 1) * (known.shape[2] - side + 1)
    among = _spread(len(known), int(MOST_PIECES / places))
    wanted = [
        (row, piece)
        for row in _spread(len(asked), ASKED)
        for piece in (_telling(asked[row], side), _telling(asked[row][:, ::-1], side))
        if piece is not None
    ]
    if not wanted:
        return none, none
    pieces = np.stack([piece for _, piece in wanted])
    found = [
        (wanted[number][0], among[picture])
        for number, picture in _found(known[among], pieces, side)
    ]
    pairs = np.unique(np.array(found, np.int64).reshape(-1, 2), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _found(known: Floats, pieces: Floats, side: int) -> Iterator[tuple[int, int]]:
    """Numbers of pieces, and of the pictures that hold them.

    Along a few random directions the same piece comes to about the same numbers. These are rounded
    to cells, and only windows in the cell of a piece, or in one beside it, are compared with it.
    """
    directions = np.random.default_rng(0).normal(size=(side * side, _DIRECTIONS))
    directions = directions.astype(np.float32)
    flat = pieces.reshape(len(pieces), -1)
    cell = FAR * SAME * side
    around = np.array(list(itertools.product((-1, 0, 1), repeat=_DIRECTIONS)))
    of_pieces = np.floor(flat @ directions / cell).astype(np.int64)
    keys = _keys(of_pieces[:, None, :] + around)
    order = np.argsort(keys, axis=None, kind="stable")
    sorted_keys, owners = keys.ravel()[order], order // len(around)
    places = (known.shape[1] - side + 1) * (known.shape[2] - side + 1)
    together = max(1, int(_TOGETHER / (places * side * side)))
    for start in range(0, len(known), together):
        some = known[start : start + together]
        windows = np.lib.stride_tricks.sliding_window_view(some, (side, side), axis=(1, 2))
        held = windows.reshape(len(some) * places, side * side)
        of_held = _keys(np.floor(held @ directions / cell).astype(np.int64))
        first = np.searchsorted(sorted_keys, of_held)
        last = np.searchsorted(sorted_keys, of_held, side="right")
        for window in np.flatnonzero(last > first).tolist():
            for piece in owners[first[window] : last[window]].tolist():
                if np.linalg.norm(held[window] - flat[piece]) < SAME * side:
                    yield piece, start + window // places


def _keys(cells: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
    """One number a cell: the last axis, written as the digits of one."""
    return np.asarray(cells @ (1_000_003 ** np.arange(_DIRECTIONS)))


def _telling(picture: Floats, side: int) -> Floats | None:
    """The piece of a picture that shows most, None where none shows enough."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side))
    step = max(1, side // 4)
    some = windows[::step, ::step].reshape(-1, side, side)
    best = some[some.reshape(len(some), -1).std(axis=1).argmax()]
    values = len(np.unique(np.round(best, 2)))
    if best.std() < CONTRAST or values < DIFFERENT * min(best.size, 100):
        return None
    return np.ascontiguousarray(best)


def _spread(n: int, most: int) -> Rows:
    return np.unique(np.linspace(0, n - 1, min(n, max(most, 1))).astype(np.int64))

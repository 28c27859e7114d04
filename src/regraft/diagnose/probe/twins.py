"""Nearly identical pictures in two parts: the same ones, and variants made by augmentation."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.generic]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

NEAR = 0.995  # cosine of standardised 16 x 16 thumbnails; digits of one writer stay below 0.99
SHIFT = 2  # cells of 16 that a variant may be off in any direction
# A variant is far nearer than the pictures around it. Of 233 photographs with nothing in common
# none looked like a variant of 466 others by these numbers; of copies flipped and shifted by up to
# a tenth 0.9 did, of copies turned, zoomed and shifted as well 0.6.
ALIKE = 0.9  # cosine of the parts that overlap
OUTSTANDING = 0.3  # distance of the nearest, as a share of that of the one after `COPIES`
COPIES = 30  # variants of one picture that may be in the other part
# Digits and clothes on black resemble each other so much that variants do not stand out: the median
# cosine of all is 0.36 to 0.38 among photographs, also where each was cut into eight, 0.48 for
# digits and 0.44 for clothes. It is the same for 300 and for 4,000 pictures.
TOO_UNIFORM = 0.41
# Upside down, few pictures are anybody's variant (photographs 0.01); where more are (digits 0.03 to
# 0.15, clothes 0.02 to 0.09), standing out says nothing. It holds for any number of pictures.
BY_CHANCE = 0.02
# Of the training rows: with so many fewer a network learns nearly as well (where errors fall with
# power 0.25 of the number of pictures, a tenth more of them).
MOST_SET_APART = 0.35
_ROWS_AT_ONCE = 500


def near_twins(train: Values, validation: Values) -> tuple[Rows, Rows]:
    """Which validation thumbnails are nearly identical to which training thumbnails.

    Args:
        train: Standardised thumbnails, shape (n, s * s).
        validation: The same of the other part, shape (m, s * s).

    Returns:
        The pairs: rows of the validation part, and as many of the training part.
    """
    none = np.zeros(0, np.int64)
    if not len(train) or not len(validation) or train.shape[1] != validation.shape[1]:
        return none, none
    known, asked = train.astype(np.float32), validation.astype(np.float32)
    of_validation, of_train = [none], [none]
    for part in np.array_split(np.arange(len(asked)), 1 + len(asked) // _ROWS_AT_ONCE):
        twins = (asked[part] @ known.T > NEAR) | _variants(known, asked[part])
        rows, columns = np.nonzero(twins)
        of_validation.append(part[rows])
        of_train.append(columns)
    return np.concatenate(of_validation), np.concatenate(of_train)


def set_apart(train: Values, validation: Values, pairs: tuple[Rows, Rows]) -> tuple[Rows, Rows]:
    """Validation rows to ask about once their twins are not trained on, and those twins.

    As many as leave enough to train on: all of them, or half, a quarter, ..., drawn at random.
    Twins of twins count too: of a picture, its mirror image and a closer view, two may be nearer.

    Args:
        train: Thumbnails, as for `near_twins`.
        validation: The same.
        pairs: What it said of them.
    """
    in_turn = np.random.default_rng(0).permutation(len(validation))
    while len(in_turn):
        dropped = np.unique(pairs[1][np.isin(pairs[0], in_turn)])
        dropped = np.union1d(dropped, near_twins(train, train[dropped])[1])
        if len(dropped) <= MOST_SET_APART * len(train):
            return np.sort(in_turn), dropped
        in_turn = in_turn[: len(in_turn) // 2]
    return in_turn, np.zeros(0, np.int64)


def twins_within(thumbs: Values) -> float:
    """Share of these thumbnails, shape (n, s * s), that are nearly identical to another of them."""
    known = thumbs.astype(np.float32)
    has_one = np.zeros(len(known), bool)
    for part in np.array_split(np.arange(len(known)), 1 + len(known) // _ROWS_AT_ONCE):
        has_one[part] = (known[part] @ known.T > NEAR).sum(axis=1) > 1  # itself is one
    return float(has_one.mean()) if len(known) else 0.0


def _variants(train: Floats, validation: Floats) -> Flags:
    """(m, n) Which validation picture is a flipped or shifted version of which training picture."""
    side = int(np.sqrt(train.shape[1]))
    none = np.zeros((len(validation), len(train)), bool)
    if side**2 != train.shape[1] or side <= 4 * SHIFT or len(train) <= 2 * COPIES:
        return none
    inner = slice(SHIFT, side - SHIFT)
    centres = _standardised(train.reshape(-1, side, side)[:, inner, inner]).T
    pictures = validation.reshape(-1, side, side)
    variants, alike = _standing_out(centres, pictures)
    if float(np.median(alike)) > TOO_UNIFORM or not variants.any():
        return none
    by_chance, _ = _standing_out(centres, pictures[:, ::-1])
    return variants if by_chance.any(axis=1).mean() <= BY_CHANCE else none


def _standing_out(centres: Floats, pictures: Floats) -> tuple[Flags, Floats]:
    """(m, n) Pictures far nearer to a centre than they usually are; (m,) how near half are."""
    nearest = np.full((len(pictures), centres.shape[1]), -1.0, np.float32)
    for window in _windows(pictures):
        np.maximum(nearest, _standardised(window) @ centres, out=nearest)
    best = nearest.max(axis=1)
    usual = np.partition(nearest, -COPIES - 1, axis=1)[:, -COPIES - 1]
    stands_out = (best > ALIKE) & (1 - best < OUTSTANDING * (1 - usual))
    return np.asarray((nearest > ALIKE) & stands_out[:, None]), np.median(nearest, axis=1)


def _windows(pictures: Floats) -> Iterator[Floats]:
    """Every shift by up to `SHIFT` cells, of the pictures and of their mirror images."""
    side = pictures.shape[1] - 2 * SHIFT
    for seen in (pictures, pictures[:, :, ::-1]):
        for top in range(2 * SHIFT + 1):
            for left in range(2 * SHIFT + 1):
                yield seen[:, top : top + side, left : left + side]


def _standardised(windows: Floats) -> Floats:
    flat = windows.reshape(len(windows), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(norm, 1e-6), np.float32)

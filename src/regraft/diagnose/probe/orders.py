"""Are labels in another order than their pictures, and in which?"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from regraft.diagnose.probe.accuracy import meeting
from regraft.diagnose.probe.twins import NEAR

Rows = npt.NDArray[np.int64]
Values = npt.NDArray[np.generic]
NEAREST = 5  # pictures asked about each label
MOST_COPIES = 10  # of every picture, put one after the other or set after set
# Agreement of neighbours above chance, in standard errors of the largest of some twenty tries, and
# at least so much: digits in their own order reach 0.85, clothes 0.7, where chance is 0.1.
SIGMAS, PLAINLY = 6.0, 0.15


def orders(n: int) -> dict[str, Rows]:
    """Mistakes in the order of n labels, by name: ``labels[rows]`` undoes each."""
    each = np.arange(n)
    known = {
        "reversed": each[::-1],
        "shifted by 1": np.roll(each, -1),
        "shifted by -1": np.roll(each, 1),
    }
    for copies in range(2, MOST_COPIES + 1):
        if n % copies == 0:
            known[f"{copies} copies next to each other"] = each % (n // copies) * copies
            known[f"{copies} copies set after set"] = each // copies
    for first in (0, 1):
        as_text = np.array(sorted(range(n), key=lambda i: str(i + first)))
        known[f"numbers from {first} sorted as text"] = as_text
        known[f"numbers from {first} sorted as numbers"] = np.argsort(as_text)
    return {name: rows.astype(np.int64) for name, rows in known.items()}


def likely_order(thumbs: Values, rows: Rows, labels: Values) -> tuple[str, float] | None:
    """The mistake that, undone, makes pictures alike carry labels alike; None if there is none.

    Args:
        thumbs: Standardised thumbnails of some pictures, shape (m, d).
        rows: Where they are among all, shape (m,).
        labels: Of all pictures, shape (n,).

    Returns:
        Its name in `orders`, and the share of nearest pictures that then agree.
    """
    if len(rows) < 20 * NEAREST or rows.max() >= len(labels):
        return None
    near = _nearest(thumbs)

    def agreement(moved: Rows) -> tuple[float, float]:
        # a mistake undone that was not made may leave one class only: its own chance counts
        undone = labels[moved]
        return _agreement(undone[rows], near), meeting(undone, undone)

    return _undone(len(labels), len(rows), agreement)


def answered_order(answers: Rows, rows: Rows, labels: Rows) -> tuple[str, float] | None:
    """The mistake in the order of labels that, undone, makes a network right; None if none does.

    Args:
        answers: Classes of some pictures, shape (m,).
        rows: Where they are among all, shape (m,).
        labels: Of all pictures, shape (n,).

    Returns:
        Its name in `orders`, and the share of answers that are then right.
    """
    if len(rows) < 20 * NEAREST or rows.max() >= len(labels):
        return None
    given = labels[rows]

    def agreement(moved: Rows) -> tuple[float, float]:
        undone = labels[moved][rows]
        if is_renaming(given, undone):
            return 0.0, 0.0
        return float(np.mean(answers == undone)), meeting(answers, undone)

    return _undone(len(labels), len(rows), agreement)


def _undone(
    n: int, asked: int, agreement: Callable[[Rows], tuple[float, float]]
) -> tuple[str, float] | None:
    """The mistake in the order of n labels that, undone, makes most agree; None without one.

    Args:
        n: Labels.
        asked: Rows that the agreement is of.
        agreement: With the labels in an order: the share that agrees, and by chance.
    """
    best, excess, agreeing = "", 0.0, 0.0
    for name, moved in orders(n).items():
        found, chance = agreement(moved)
        needed = max(PLAINLY, SIGMAS * np.sqrt(chance * (1 - chance) / asked))
        if found - chance > max(needed, excess):
            best, excess, agreeing = name, found - chance, found
    found, chance = agreement(np.arange(n))
    return None if not best or found - chance > excess / 2 else (best, agreeing)


def is_renaming(labels: Values, others: Values) -> bool:
    """Do they say the same under other names, as labels in class order do when reversed?"""
    if np.array_equal(labels, others):
        return False
    pairs = set(zip(labels.tolist(), others.tolist(), strict=True))
    return len(pairs) == len(np.unique(labels)) == len(np.unique(others))


def _nearest(thumbs: Values) -> Rows:
    x = thumbs.astype(np.float32)
    near = x @ x.T
    # a picture and its copies say nothing about the order of others
    near[near > NEAR] = -1
    return np.argpartition(-near, NEAREST, axis=1)[:, :NEAREST]


def _agreement(labels: Values, near: Rows) -> float:
    return float(np.mean(labels[near] == labels[:, None]))

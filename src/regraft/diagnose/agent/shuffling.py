"""Shuffles in the user's code: of pictures or labels alone they part the two.

Each does what the library would have done, notes what was put into another order, and is left out
where a repair asks for that.
"""

import os
from typing import Any

import numpy as np

from regraft.diagnose.agent import interventions, ledger, sites
from regraft.diagnose.probe.labels import label_kind

SHUFFLING = ("shuffle", "permutation", "permuted")


def is_shuffle(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Does this function of numpy's give an order of all rows?

    So does ``choice(rows, len(rows), replace=False)``.
    """
    if name in SHUFFLING:
        return True
    if name != "choice" or not arguments or named.get("replace", True):
        return False
    rows = _rows_of(arguments[0])
    size = arguments[1] if len(arguments) > 1 else named.get("size")
    return rows is not None and size == len(rows)


def sampled_list(call: Any, values: Any, k: Any = None, **named: Any) -> Any:
    """`random.sample`: of as many as there are it is a shuffle that gives a new list."""
    whole = isinstance(values, list) and k == len(values)
    if not whole or sites.directly() is None:
        return call(values, k, **named)
    mixed = list(values)
    shuffled_list(lambda given: given.__setitem__(slice(None), call(given, k, **named)), mixed)
    return mixed


def shuffled(call: Any, arguments: Any, named: Any) -> Any:
    """A shuffle of an array: of pictures or labels alone it separates the two.

    One of row numbers does so where it is used on pictures or labels alone, or where each is given
    an order of its own.
    """
    if arguments and isinstance(arguments[0], list) and call.__name__ == "shuffle":
        return shuffled_list(call, *arguments, what="numpy.random.shuffle", **named)
    site = sites.directly()
    rows = _rows_of(arguments[0]) if arguments else None
    if site is None or rows is None or not rows.ndim or len(rows) < 2:
        return call(*arguments, **named)
    if interventions.ACTIVE.dropped("numpy.random.shuffle", site):
        return None if call.__name__ == "shuffle" else rows
    _note_shuffle("numpy.random.shuffle", site, rows)
    return call(*arguments, **named)


def shuffled_tensor(call: Any, what: str, value: Any, *arguments: Any, **named: Any) -> Any:
    """The same by TensorFlow or Keras, which give back what they have put into another order."""
    site = sites.directly()
    if site is None or not (isinstance(value, np.ndarray) or hasattr(value, "numpy")):
        return call(value, *arguments, **named)
    rows = np.asarray(value)
    if not rows.ndim or len(rows) < 2:
        return call(value, *arguments, **named)
    if interventions.ACTIVE.dropped(what, site):
        return value
    _note_shuffle(what, site, rows)
    return call(value, *arguments, **named)


def _note_shuffle(what: str, site: Any, rows: np.ndarray) -> None:
    index = rows.ndim == 1 and np.array_equal(np.sort(rows), np.arange(len(rows)))
    is_plain = rows.dtype.kind in "iubf"
    is_one_hot = rows.ndim == 2 and is_plain and label_kind(rows) == "one-hot"
    are_names = rows.ndim == 1 and isinstance(rows[0], str | bytes | os.PathLike)
    alone = rows.ndim >= 3 or rows.dtype.kind in "iu" or (rows.ndim == 1 and is_plain) or is_one_hot
    ledger.RECORD.event(what, site, shape=list(rows.shape),
                        alone=bool((alone or are_names) and not index), names=are_names,
                        row_numbers=bool(index), in_reader=sites.is_within_reader())  # fmt: skip


def shuffled_list(
    call: Any, values: Any, *arguments: Any, what: str = "random.shuffle", **named: Any
) -> Any:
    """A shuffle of a list, in place: of a list of pictures or labels alone it separates the two."""
    site = sites.directly()
    if site is None or not isinstance(values, list) or len(values) < 2:
        return call(values, *arguments, **named)
    if interventions.ACTIVE.dropped(what, site):
        return None
    index = all(isinstance(v, int) for v in values) and sorted(values) == [*range(len(values))]
    alone = not isinstance(values[0], tuple | list | dict)
    ledger.RECORD.event(what, site, shape=[len(values)],
                        alone=alone and not index, row_numbers=index,
                        names=isinstance(values[0], str | os.PathLike),
                        in_reader=sites.is_within_reader())  # fmt: skip
    return call(values, *arguments, **named)


def _rows_of(value: Any) -> np.ndarray | None:
    """What a shuffle puts into another order; of a whole number, so many row numbers."""
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return np.arange(int(value)) if is_number else value if isinstance(value, np.ndarray) else None

"""Pictures of floats that are turned into whole numbers: what does not fit, or is a fraction, goes.

By a cast (``x.astype("uint8")``), by making an array of a type, or by writing into one that holds
whole numbers. The repair makes floats on the line that chose the type.
"""

import weakref
from typing import Any

import numpy as np

from regraft.diagnose.agent import interventions, ledger, sites

CASTS = ("astype", "uint8", "int8")
MAKING = ("array", "asarray")
ALLOCATING = ("zeros", "empty", "full", "zeros_like", "empty_like", "full_like")
# Of the span of the values: a cast of pictures in [0, 255] moves them by a 255th of it at most, one
# of pictures in [0, 1] by up to the whole.
FLAT = 0.1
LEAST_SIDE = 16  # of a gray picture, and columns of flattened ones
LOOKED_AT = 64  # pictures of a cast, and writes into an array, that are compared
_ALLOCATED: dict[int, "_Allocated"] = {}  # by id


class _Allocated:
    """An array of whole numbers that the user's code made room with, and where."""

    def __init__(self, array: np.ndarray, site: dict[str, Any]) -> None:
        self.array, self.site, self.writes = weakref.ref(array), site, 0


def may_be_pictures(value: Any) -> bool:
    """Pictures, flattened or one by itself, too: what networks answer has fewer columns."""
    if not isinstance(value, np.ndarray):
        return False
    return value.ndim >= 3 or (value.ndim == 2 and min(value.shape) >= LEAST_SIDE)


def cast(call: Any, value: np.ndarray, arguments: tuple[Any, ...], named: Any) -> Any:
    """Pictures turned into whole numbers by `call`."""
    result = call(*arguments, **named)
    if value.dtype.kind != "f" or not _is_whole(result):
        return result
    site = sites.here()
    if (share := lost(value[:LOOKED_AT], result[:LOOKED_AT])) > 0:
        if interventions.ACTIVE.at("float-arithmetic", site):
            return value.astype(np.float32)
        ledger.RECORD.event("uint8-wrap", site, operator="astype", wrapped=share)
    return result


def made(call: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """``np.array(pictures, dtype="uint8")``: a cast as well, of an array or of a list of them."""
    given = arguments[0]
    dtype = named.get("dtype", arguments[1] if len(arguments) > 1 else None)
    if dtype is None or np.dtype(dtype).kind not in "ui":
        return call(*arguments, **named)
    if isinstance(given, list) and len({np.shape(part) for part in given}) == 1:
        given = np.asarray(given)
    if not may_be_pictures(given):
        return call(*arguments, **named)
    return cast(call, given, arguments, named)


def allocated(call: Any, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """``np.zeros(shape, dtype="uint8")``: what is written into it later is cast."""
    array = call(*arguments, **named)
    site = sites.here()
    if site is None or not _is_whole(array) or not may_be_pictures(array):
        return array
    if interventions.ACTIVE.at("float-arithmetic", site):
        # zeros take no memory before they are written to
        is_filled = name.startswith("full")
        return array.astype(np.float32) if is_filled else np.zeros(array.shape, np.float32)
    _ALLOCATED[id(array)] = _Allocated(array, site)
    return array


def stored(value: Any, array: Any, index: Any) -> None:
    """``array[index] = value``."""
    array[index] = value
    known = _ALLOCATED.get(id(array))
    if known is None or known.writes >= LOOKED_AT:
        return
    held = known.array()  # another array may have come to its place in memory
    if held is not None and held is array:
        ledger.RECORD.attempt("a write into an array", _written, known, value, held[index])


def _written(known: _Allocated, given: Any, kept: Any) -> None:
    value = np.asarray(given)
    if value.dtype.kind != "f" or value.ndim < 1 or np.shape(kept) != value.shape:
        return
    known.writes += 1
    few = slice(LOOKED_AT if value.ndim > 2 else None)  # else it is one picture
    if (share := lost(value[few], kept[few])) > 0:
        ledger.RECORD.event("uint8-wrap", known.site, operator="astype", wrapped=share)


def _is_whole(array: Any) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind in "ui"


def lost(given: np.ndarray, kept: np.ndarray) -> float:
    """The share of the values that are others now, by more than rounding does."""
    few, whole = given.astype(np.float64), kept.astype(np.float64)
    span = float(np.ptp(few)) if few.size else 0.0
    if not span > 0:
        return 0.0
    return float(np.mean(np.abs(few - whole) > min(1.0, FLAT * span)))

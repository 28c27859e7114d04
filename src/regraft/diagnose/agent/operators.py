"""What routed operators, methods and assignments of the user's code really do.

Each does exactly what Python would have done, notes what matters, and carries out the repairs
that are keyed to its line.
"""

import difflib
import itertools
import operator
import os
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from regraft.adapt.resize import resize_stack
from regraft.diagnose.agent import (
    casting,
    interventions,
    ledger,
    listing,
    refitting,
    scoring,
    shown,
    sites,
)
from regraft.diagnose.probe.labels import label_kind
from regraft.diagnose.probe.pixels import neighbour_correlation

PLAINLY = 0.2  # more neighbour correlation: what a wrong layout costs small pictures
# What neighbours lack of agreeing, in a wrong layout against the right one: four times as much in
# photographs of 32 to 160 pixels with their planes taken for pixels.
FURTHER_APART = 2.0
CHANNELS = (1, 3, 4)
SIDES_EXCHANGED = (0, 2, 1)  # of flat rows: height was taken for width
ONE_EXCHANGED = (1, 0, 2)  # the same of one picture
# Names that a layer of Keras's own has no use for, and that are not near enough in letters.
MEANT_TRAINABLE = {"training", "train", "is_training", "freeze", "frozen"}
TOGETHER = 512  # pictures resized at a time: they are float32 on their way
_COMPARED: list[tuple[np.ndarray, Any, Any]] = []  # the latest comparison of two matrices
index = np.s_  # turns what stands between brackets into the index that it is
listed = listing.listed  # ``sorted(...)``
stored = casting.stored  # ``array[index] = value``
SHUFFLING = ("shuffle", "permutation", "permuted")
COMPARING = ("equal", "not_equal", "confusion_matrix")
SWAPPING = ("numpy", "tensorflow", "keras")  # libraries whose `flip` and `reverse` take an axis

_PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "/": operator.truediv, "//": operator.floordiv,
}  # fmt: skip
#: Functions of numpy that are operators by another name.
FUNCTIONS = {"subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/"}
_EXACT = {"//": "/"}  # what is computed where nothing is to be lost
_IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.iadd, "-": operator.isub, "*": operator.imul,
    "/": operator.itruediv, "//": operator.ifloordiv,
}  # fmt: skip


def binary(symbol: str, left: Any, right: Any) -> Any:
    """``left symbol right``."""
    if not (_is_picture_data(left) or _is_picture_data(right)):
        return _followed(left, _PLAIN[symbol](left, right))
    return _arithmetic(symbol, left, right, _PLAIN[symbol])


def in_place(symbol: str, left: Any, right: Any) -> Any:
    """``left symbol= right``."""
    if not _is_picture_data(left):
        before = left.copy() if _are_features(left) else left
        return _followed(before, _IN_PLACE[symbol](left, right))
    return _arithmetic(symbol, left, right, _IN_PLACE[symbol])


def _arithmetic(symbol: str, left: Any, right: Any, operate: Any) -> Any:
    site = sites.here()
    if interventions.ACTIVE.at("float-arithmetic", site):
        left, right = _as_float(left), _as_float(right)
        operate = _PLAIN[_EXACT.get(symbol, symbol)]
    # an operator in place leaves nothing of what it worked on
    start = left[:64].copy() if operate is _IN_PLACE[symbol] else left
    result = operate(left, right)
    operand = next((float(v) for v in (right, left) if np.ndim(v) == 0 and _is_number(v)), None)
    ledger.RECORD.event(
        "operator", site, op=symbol, operand=operand, n_fits=len(ledger.RECORD.fits)
    )
    if isinstance(result, np.ndarray) and result.dtype in (np.uint8, np.int8):
        few = [_head(value, len(result), result.ndim) for value in (start, right)]
        exact = _PLAIN[_EXACT.get(symbol, symbol)](_as_float(few[0]), _as_float(few[1]))
        kept = result[: exact.shape[0]]
        if symbol == "//":  # a half is nothing in [0, 127], and much in [0, 1]
            wrapped = casting.lost(exact, kept)
        else:
            wrapped = float(np.mean(np.abs(exact - kept) > 1))
        if wrapped > 0:
            ledger.RECORD.event("uint8-wrap", site, operator=symbol, wrapped=wrapped)
    return result


_ONE = (str, int, np.integer)  # a label or an answer by itself


def equal(left: Any, right: Any) -> Any:
    """``left == right``: may be predictions against labels."""
    result = left == right
    ledger.RECORD.attempt("a comparison", _compared, result, left, right)
    return result


def unequal(left: Any, right: Any) -> Any:
    """``left != right``: likewise, of mistakes."""
    result = left != right
    ledger.RECORD.attempt("a comparison", _compared_for_mistakes, result, left, right)
    return result


def _compared(result: Any, left: Any, right: Any) -> None:
    result, left, right = map(_as_array, (result, left, right))
    if isinstance(result, np.ndarray) and result.size > 1:
        if result.ndim == 1:
            scoring.compared(left, right, sites.here())
        elif result.ndim == 2:
            _COMPARED[:] = [(result, left, right)]
            scoring.spread_out(result, left, right, sites.here())
    else:
        _compared_alone(result, left, right, is_right=True)


def _compared_for_mistakes(result: Any, left: Any, right: Any) -> None:
    result, left, right = map(_as_array, (result, left, right))
    if isinstance(result, np.ndarray) and result.ndim == 1 and result.size > 1:
        scoring.compared(left, right, sites.here())
    else:
        _compared_alone(result, left, right, is_right=False)


def _compared_alone(result: Any, left: Any, right: Any, *, is_right: bool) -> None:
    """One answer against one label: of a picture that was predicted by itself, or of many."""
    if scoring.awaits_comparison() and _is_one_truth(result):
        scoring.counted(bool(result) is is_right, sites.here())
    elif isinstance(left, _ONE) and isinstance(right, _ONE) and scoring.has_answers():
        scoring.paired(left, right, sites.here())


def _as_array(value: Any) -> Any:
    """A tensor that has values and several elements, as an array; anything else as it is."""
    if isinstance(value, np.ndarray) or not hasattr(value, "numpy") or np.size(value) < 2:
        return value
    return np.asarray(value)


def _is_one_truth(value: Any) -> bool:
    """A bool, or an array or tensor that holds one."""
    if isinstance(value, bool | np.bool_):
        return True
    return (isinstance(value, np.ndarray) or hasattr(value, "numpy")) and np.size(value) == 1


def reversed_axis(value: Any, index: Any) -> Any:
    """``value[..., ::-1]``: on pictures this swaps the channels."""
    if not (_is_picture(value) and _reaches_last(value, index)):
        return value[index]
    return _swapped(value, value, lambda: value[index])


def _swapped(given: Any, array: Any, swap: Callable[[], Any]) -> Any:
    """What turns the last axis round: of pictures these are the channels, and may be left alone."""
    if _is_picture(array) and array.shape[-1] == 3:
        site = sites.here()
        if interventions.ACTIVE.dropped("channel-flip", site):
            return given
        ledger.RECORD.event("channel-flip", site, shape=list(array.shape))
    return swap()


def method(owner: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
    """``owner.name(...)`` for the few methods of arrays, lists and generators that matter."""
    if name == "sort" and type(owner) is list:
        return listing.sorted_in_place(owner, *arguments, **named)
    call = getattr(owner, name)
    is_numpy_random = type(owner).__module__.startswith("numpy.random") or owner is np.random
    if is_numpy_random and (name in SHUFFLING or _draws_all(name, arguments, named)):
        return shuffled(call, arguments, named)
    if name == "shuffle" and isinstance(owner, random.Random):
        return shuffled_list(call, *arguments, **named)
    if name in refitting.METHODS:
        return refitting.called(call, owner, name, arguments, named)
    if owner is np and name in FUNCTIONS and len(arguments) == 2 and not named:
        return binary(FUNCTIONS[name], *arguments)
    if name == "argmax":
        given = arguments if isinstance(owner, ModuleType) else (owner, *arguments)
        _note_argmax(given, named)
    if name in COMPARING and _is_library(owner) and len(arguments) == 2:
        return _compared_by_call(call, name, arguments, named)
    if name in ("flip", "reverse") and _is_library(owner) and arguments:
        return _turned_over(call, arguments, named)
    if name in casting.CASTS:
        given = owner if name == "astype" else (*arguments, None)[0]
        if casting.may_be_pictures(given):
            return casting.cast(call, given, arguments, named)
    if name in casting.MAKING and owner is np and arguments:
        return casting.made(call, arguments, named)
    if name in casting.ALLOCATING and owner is np:
        return casting.allocated(call, name, arguments, named)
    if name == "mean":
        _averaged(arguments[0] if owner is np and arguments else owner, arguments, named)
    if not isinstance(owner, np.ndarray) or name not in ("reshape", "resize"):
        return call(*arguments, **named)
    if name == "resize":
        return resized_in_place(call, owner, arguments)
    return reshaped(
        "ndarray.reshape", owner, lambda array: getattr(array, name)(*arguments, **named)
    )


def _compared_by_call(
    call: Any, name: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    """``tf.equal(...)`` and its like: predictions against labels, in either order."""
    result = call(*arguments, **named)
    note = _compared_for_mistakes if name == "not_equal" else _compared
    if name == "confusion_matrix":
        left, right = map(_as_array, arguments)
        ledger.RECORD.attempt("a comparison", scoring.compared, right, left, sites.here())
    else:
        ledger.RECORD.attempt("a comparison", note, result, *arguments)
    return result


def _draws_all(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Is it ``choice(rows, len(rows), replace=False)``, which is an order of them all?"""
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


def argmaxed(call: Any, /, *arguments: Any, **named: Any) -> Any:
    """``argmax(...)``, by whatever library."""
    _note_argmax(arguments, named)
    return call(*arguments, **named)


def _note_argmax(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    scoring.argmaxed(arguments[0] if arguments else None, _axis_of(arguments, named))


def _axis_of(arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    return named.get("axis", arguments[1] if len(arguments) > 1 else None)


def _is_library(owner: Any) -> bool:
    return isinstance(owner, ModuleType) and owner.__name__.startswith(SWAPPING)


def _turned_over(call: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """``np.flip(value, axis)`` and its like: along the last axis this swaps the channels."""
    value, axis = arguments[0], _axis_of(arguments, named)
    axes = np.ravel(axis).tolist() if axis is not None else []
    if len(axes) != 1 or axes[0] not in (-1, np.ndim(value) - 1):
        return call(*arguments, **named)
    array = value.numpy() if hasattr(value, "numpy") else value
    return _swapped(value, array, lambda: call(*arguments, **named))


def _averaged(values: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """The mean of a whole comparison is a score; along an axis it is something else."""
    if named or any(argument is not values for argument in arguments):
        return
    for result, left, right in _COMPARED:
        if result is values:
            scoring.compared_by_output(left, right, sites.here())


def reshaped(what: str, before: Any, call: Any) -> Any:
    """A reshape of pictures: does it keep neighbours neighbours?"""
    site = sites.here()
    repair = interventions.ACTIVE.at("true-transpose", site)
    if repair is not None and isinstance(before, np.ndarray):
        if before.ndim <= 2 and tuple(repair["axes"][:3]) == SIDES_EXCHANGED:
            return _sides_exchanged(call(before))
        if before.ndim == 1 and tuple(repair["axes"]) == ONE_EXCHANGED:
            return _sides_exchanged(call(before)[None])[0]
        if before.ndim <= 2 and len(repair["axes"]) == 4:
            return np.ascontiguousarray(_planes_apart(call(before)))
        if before.ndim == 1:
            return call(_in_rows(before, len(call(before))))
        return call(np.ascontiguousarray(np.transpose(before, repair["axes"])))
    after = call(before)
    if not _is_picture(after) or not isinstance(before, np.ndarray):
        return after
    if before.ndim == 1 and _is_one_picture(after):
        _note_exchanged_sides(what, site, before, after)
        return after
    if before.ndim == 1 and len(after) < 2:
        return after  # which layout one picture has in a buffer, others must tell
    is_one = _is_one_picture(before) and _is_one_picture(after)
    old, new = (before[None], after[None]) if is_one else (before, after)
    axes = _axes_fix(old, new, call)
    agreeing = neighbour_correlation if is_one else _best_correlation
    if before.ndim > 2 or axes:
        ledger.RECORD.event(
            what, site, in_shape=list(before.shape), out_shape=list(after.shape),
            correlation_before=agreeing(old) if before.ndim > 2 else None,
            correlation_after=neighbour_correlation(new),
            axes_fix=[axis - 1 for axis in axes[1:]] if is_one and axes else axes,
        )  # fmt: skip
    return after


def _note_exchanged_sides(what: str, site: Any, buffer: np.ndarray, after: np.ndarray) -> None:
    """One picture was read from its bytes: did width come before height?"""
    height, width = after.shape[:2]
    if height == width or buffer.dtype.kind not in "uif":
        return
    exchanged = after.reshape(width, height, *after.shape[2:])
    now, other = neighbour_correlation(after[None]), neighbour_correlation(exchanged[None])
    is_other = other > _plainly_above(now)
    ledger.RECORD.event(
        what, site, in_shape=[buffer.size], out_shape=list(after.shape), correlation_before=None,
        correlation_after=now, axes_fix=list(ONE_EXCHANGED) if is_other else None,
    )  # fmt: skip


def resized(original: Any, pictures: Any, new_shape: Any) -> Any:
    """`np.resize`, which repeats the flat buffer rather than resizing."""
    site = sites.here()
    array = np.asarray(pictures)
    shape = tuple(np.atleast_1d(new_shape).tolist())
    picture_like = (
        array.ndim >= 2 and len(shape) >= 2 and array.shape != shape and array.size > 1
        and array.shape[-3:-1] != shape[-3:-1] and min(shape[-3:-1] or (0,)) > 1
        and not _keeps_pictures(array, shape)
    )  # fmt: skip
    if picture_like and interventions.ACTIVE.at("true-resize", site):
        return _resize_each(array, shape)
    ledger.RECORD.event("numpy.resize", site, in_shape=list(array.shape), out_shape=list(shape),
                        picture_like=bool(picture_like))  # fmt: skip
    return original(pictures, new_shape)


def resized_in_place(call: Any, array: np.ndarray, shape: tuple[Any, ...]) -> None:
    """`ndarray.resize`, which cuts the flat buffer off, or fills it up with zeros."""
    wanted = shape[0] if len(shape) == 1 and np.ndim(shape[0]) else shape
    before = array.copy()
    call(wanted, refcheck=False)  # the replay looks on, and holds it too
    put = resized(lambda *_: array, before, wanted)
    if put is not array:
        array[...] = put


def _keeps_pictures(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Are pictures repeated or left out as a whole, or only flattened or taken from flat rows?"""
    many = array.ndim == 4 or (array.ndim == 3 and shape[-1] not in CHANNELS)
    if array.ndim == len(shape):
        return many and array.shape[1:] == shape[1:]
    return array.shape[0] == shape[0] and array.size == np.prod(shape)


def _resize_each(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Resize picture by picture to the height and width that `shape` asks for."""
    if array.ndim == len(shape) and (len(shape) == 2 or shape[-1] not in CHANNELS):
        return _resize_each(array[..., None], (*shape, 1))[..., 0]  # without channels
    single = len(shape) <= 3 and array.ndim <= 3 and not (array.ndim == 3 and len(shape) == 4)
    if len(shape) == 2:
        shape = (*shape, 1)
    pictures = array[None] if single else array
    if pictures.ndim == 3:
        pictures = pictures[..., None]
    height, width, channels = shape[-3:]
    out = np.empty((len(pictures), height, width, channels), array.dtype)
    for start in range(0, len(pictures), TOGETHER):
        part = slice(start, start + TOGETHER)
        full = resize_stack(pictures[part], height=height, width=width)
        out[part] = np.rint(full) if array.dtype.kind in "ui" else full  # one channel spreads
    return out[0].reshape(shape) if single else out


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


def assign(value: Any, owner: Any, name: str) -> None:
    """``owner.name = value``, with a look at layers."""
    layer = _is_layer(owner)
    known = layer and hasattr(owner, name)
    setattr(owner, name, value)
    if layer:
        if name == "trainable":
            ledger.RECORD.event("trainable", layer=owner.name, value=bool(value))
        elif not known:
            # a class of the script's own may have such attributes for itself
            is_own = not type(owner).__module__.startswith("keras.")
            if not is_own and (
                name in MEANT_TRAINABLE
                or difflib.get_close_matches(name, ["trainable"], cutoff=0.75)
            ):
                ledger.RECORD.event("attribute", name=name, nearest="trainable",
                                    layer=owner.name, value=bool(value))  # fmt: skip


def to_be_frozen(layers: Any) -> Any:
    """What a loop goes through that freezes layers, or those of them that it picks."""
    ledger.RECORD.event("freeze-loop", sites.here())
    return layers


def _best_correlation(array: np.ndarray) -> float:
    layouts = [array] if array.ndim == 3 else [array, np.moveaxis(array, 1, -1)]
    planes = [layout for layout in layouts if min(layout.shape[1:3]) > 1]
    return max(map(neighbour_correlation, planes), default=0.0)  # flat rows tell nothing


def _axes_fix(before: np.ndarray, after: np.ndarray, call: Any) -> list[int] | None:
    """The transpose that makes the new shape hold whole pictures, if there is one."""
    tried: dict[tuple[int, ...], np.ndarray] = {}
    if before.ndim == 2 and before.shape[1] == len(after):  # a table with a picture a column
        tried[1, 0] = call(np.ascontiguousarray(before.T))
    if before.ndim == 1:  # the same, as the bytes of a file
        tried[1, 0] = call(_in_rows(before, len(after)))
    if before.ndim <= 2 and after.ndim == 4 and after.shape[-1] == 3:  # rows: R, then G, then B
        tried[0, 2, 3, 1] = _planes_apart(after)
    if before.ndim <= 2 and after.shape[1] != after.shape[2]:  # (width, height) for its reverse
        n, h, w = after.shape[:3]
        axes = (*SIDES_EXCHANGED, 3)[: after.ndim]
        tried[axes] = after.reshape(n, w, h, *after.shape[3:])
    if before.ndim in (3, 4):
        tried |= _moved(before, after.shape)
    now = neighbour_correlation(after)
    right = _plainly_above(now)
    whole = (list(axes) for axes, moved in tried.items() if neighbour_correlation(moved) > right)
    return next(whole, None)


def _plainly_above(now: float) -> float:
    """What neighbours must agree by in another layout, so that this one is the wrong one."""
    return min(now + PLAINLY, 1 - (1 - now) / FURTHER_APART)


def _moved(before: np.ndarray, shape: tuple[int, ...]) -> dict[tuple[int, ...], np.ndarray]:
    """The array with its axes in every other order that gives this shape, but for axes of one."""
    wanted = [n for n in shape if n > 1]
    return {
        axes: np.transpose(before, axes).reshape(shape)
        for axes in itertools.permutations(range(before.ndim))
        if axes != tuple(range(before.ndim))
        and [before.shape[a] for a in axes if before.shape[a] > 1] == wanted
    }


def _sides_exchanged(read: np.ndarray) -> np.ndarray:
    """Pictures (n, h, w[, c]) that are w high and h wide, resized to the shape as read."""
    n, h, w = read.shape[:3]
    return _resize_each(read.reshape(n, w, h, *read.shape[3:]), read.shape)


def _in_rows(buffer: np.ndarray, n: int) -> np.ndarray:
    """A flat buffer with a picture a column, n of them, turned to hold one after the other."""
    return np.ascontiguousarray(buffer.reshape(-1, n).T).reshape(-1)


def _planes_apart(after: np.ndarray) -> np.ndarray:
    """Flat rows that held one channel after the other, as pictures (n, h, w, c)."""
    n, h, w, c = after.shape
    return after.reshape(n, c, h, w).transpose(0, 2, 3, 1)


def _is_picture_data(value: Any) -> bool:
    """Pictures; one gray picture, or flattened ones, where bytes say so."""
    if not isinstance(value, np.ndarray):
        return False
    is_flat = value.ndim == 2 and value.dtype.kind in "ui" and value.dtype.itemsize == 1
    return value.ndim >= 3 or (is_flat and min(value.shape) >= casting.LEAST_SIDE)


def _followed(before: Any, result: Any) -> Any:
    """The result; if it is of features, it is known as theirs."""
    if _are_features(before):
        ledger.RECORD.attempt("scaled features", shown.follow, before, result)
    return result


def _are_features(value: Any) -> bool:
    """A matrix of numbers, in a script that predicted some."""
    is_matrix = isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind == "f"
    return is_matrix and shown.has_features()


def _is_one_picture(value: np.ndarray) -> bool:
    return value.ndim == 3 and value.shape[-1] in CHANNELS and min(value.shape[:2]) > 3


def _is_picture(value: Any) -> bool:
    return (
        isinstance(value, np.ndarray) and value.ndim in (3, 4) and value.dtype.kind in "uif"
        and min(value.shape[-3:-1]) > 3
    )  # fmt: skip


def _rows_of(value: Any) -> np.ndarray | None:
    """What a shuffle puts into another order; of a whole number, so many row numbers."""
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return np.arange(int(value)) if is_number else value if isinstance(value, np.ndarray) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number)


def _is_layer(value: Any) -> bool:
    # asked of the type: dictionaries of settings raise errors of their own for names they lack
    return hasattr(type(value), "trainable_variables") and hasattr(value, "name")


def _reaches_last(value: np.ndarray, index: Any) -> bool:
    # by identity: an index may hold arrays, which compare element by element
    is_tuple = isinstance(index, tuple)
    return is_tuple and (any(i is Ellipsis for i in index) or len(index) == value.ndim)


def _head(value: Any, n: int, ndim: int) -> Any:
    """A few of n rows, of what has rows."""
    has_rows = isinstance(value, np.ndarray) and value.ndim == ndim and len(value) == n
    return value[:64] if has_rows else value


def _as_float(value: Any) -> Any:
    return value.astype(np.float32) if isinstance(value, np.ndarray) else value

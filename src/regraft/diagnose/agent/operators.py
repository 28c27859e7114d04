"""What routed operators, methods and assignments of the user's code really do.

Each does exactly what Python would have done, notes what matters, and carries out the repairs
that are keyed to its line.
"""

import difflib
import operator
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    casting,
    interventions,
    ledger,
    listing,
    refitting,
    reshaping,
    scoring,
    shown,
    shuffling,
    sites,
)

# Names that a layer of Keras's own has no use for, and that are not near enough in letters.
MEANT_TRAINABLE = {"training", "train", "is_training", "freeze", "frozen"}
_COMPARED: list[tuple[np.ndarray, Any, Any]] = []  # the latest comparison of two matrices
index = np.s_  # turns what stands between brackets into the index that it is
listed = listing.listed  # ``sorted(...)``
stored = casting.stored  # ``array[index] = value``
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
    if not (reshaping.is_picture(value) and _reaches_last(value, index)):
        return value[index]
    return _swapped(value, value, lambda: value[index])


def _swapped(given: Any, array: Any, swap: Callable[[], Any]) -> Any:
    """What turns the last axis round: of pictures these are the channels, and may be left alone."""
    if reshaping.is_picture(array) and array.shape[-1] == 3:
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
    if is_numpy_random and shuffling.is_shuffle(name, arguments, named):
        return shuffling.shuffled(call, arguments, named)
    if name == "shuffle" and isinstance(owner, random.Random):
        return shuffling.shuffled_list(call, *arguments, **named)
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
        return reshaping.resized_in_place(call, owner, arguments)
    return reshaping.reshaped(
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

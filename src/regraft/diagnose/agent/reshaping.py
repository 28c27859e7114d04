"""Reshapes and `np.resize` of pictures in the user's code: do neighbours stay neighbours?

Each does what numpy would have done, notes what became of the pictures, and carries out the repairs
that are keyed to its line.
"""

import itertools
from typing import Any

import numpy as np

from regraft.adapt.resize import resize_stack
from regraft.diagnose.agent import interventions, ledger, sites
from regraft.diagnose.probe.pixels import neighbour_correlation

PLAINLY = 0.2  # more neighbour correlation: what a wrong layout costs small pictures
# What neighbours lack of agreeing, in a wrong layout against the right one: four times as much in
# photographs of 32 to 160 pixels with their planes taken for pixels.
FURTHER_APART = 2.0
CHANNELS = (1, 3, 4)
SIDES_EXCHANGED = (0, 2, 1)  # of flat rows: height was taken for width
ONE_EXCHANGED = (1, 0, 2)  # the same of one picture
TOGETHER = 512  # pictures resized at a time: they are float32 on their way


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
    if not is_picture(after) or not isinstance(before, np.ndarray):
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


def _is_one_picture(value: np.ndarray) -> bool:
    return value.ndim == 3 and value.shape[-1] in CHANNELS and min(value.shape[:2]) > 3


def is_picture(value: Any) -> bool:
    """An array of one picture or of several, in numbers."""
    return (
        isinstance(value, np.ndarray) and value.ndim in (3, 4) and value.dtype.kind in "uif"
        and min(value.shape[-3:-1]) > 3
    )  # fmt: skip

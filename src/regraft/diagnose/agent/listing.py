"""The order in which the user's code lists files: names sorted as text put 10 before 2.

Lists come unsorted from the file system, or sorted by the user. Each is handed on as it is; where
its order is not that of the numbers in the names, this is noted, and an arm may put it in order.
"""

import functools
import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from regraft.diagnose.agent import interventions, ledger, sites

FEWEST = 11  # names: fewer are in one order as text and as numbers
FILES = frozenset({
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".npy",
})  # fmt: skip
_DIGITS = re.compile(r"(\d+)")


def hook() -> None:
    """`os.listdir`, `glob.glob` and their like of `Path`, called by the user's own code."""
    for module, name in ((os, "listdir"), (glob, "glob")):
        original = getattr(module, name)

        @functools.wraps(original)
        def listing(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            return listed(_original, *args, **kwargs)

        setattr(module, name, listing)
    for name in ("glob", "rglob", "iterdir"):
        original = getattr(Path, name)

        @functools.wraps(original)
        def going_through(*args: Any, _original: Any = original, **kwargs: Any) -> Iterator[Path]:
            found: Iterator[Path] = _original(*args, **kwargs)
            return found if sites.directly() is None else iter(_handed_on(list(found)))

        setattr(Path, name, going_through)


def hook_tensorflow(tf: Any) -> None:
    """The same of TensorFlow."""
    for name in ("glob", "listdir"):
        original = getattr(tf.io.gfile, name)
        setattr(tf.io.gfile, name, functools.wraps(original)(functools.partial(listed, original)))


def listed(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """``call(...)``, for `sorted` and what lists a folder."""
    return _handed_on(call(*args, **kwargs))


def sorted_in_place(names: list[Any], /, *args: Any, **kwargs: Any) -> None:
    """``names.sort(...)``."""
    names.sort(*args, **kwargs)
    ordered = _handed_on(names)
    if ordered is not names:
        names[:] = ordered


def given_by_number(names: list[Any], values: Sequence[Any], site: Any) -> Sequence[Any]:
    """One value a file, which Keras takes to be in the order of the names as text.

    Where the numbers in the names say another order, this is noted, and an arm takes the values to
    be in that one.
    """
    ordered = sorted(names, key=by_number)
    if site is None or len(names) != len(values) or len(names) < FEWEST or names == ordered:
        return values
    if interventions.ACTIVE.at("order-by-number", site):
        of_name = dict(zip(ordered, values, strict=True))
        return [of_name[name] for name in names]
    ledger.RECORD.event("file-order", site, n=len(names), first=names[:3], by_number=ordered[:3])
    return values


def by_number(name: Any) -> list[Any]:
    """A key that sorts names by the numbers in them."""
    return [int(part) if part.isdigit() else part for part in _DIGITS.split(str(name))]


def _handed_on(names: Any) -> Any:
    """A list as it is, noted if its numbers are out of order; in order where that is asked."""
    site = sites.directly() if _are_files(names) else None
    if site is None:
        return names
    ordered = sorted(names, key=by_number)
    if names == ordered:
        return names
    if interventions.ACTIVE.at("order-by-number", site):
        return ordered
    first, by_numbers = ([PurePath(name).name for name in some[:3]] for some in (names, ordered))
    ledger.RECORD.event("file-order", site, n=len(names), first=first, by_number=by_numbers)
    return names


def _are_files(names: Any) -> bool:
    """Names of pictures, and enough of them?"""
    return (
        isinstance(names, list)
        and len(names) >= FEWEST
        and all(isinstance(name, str | PurePath) for name in names)
        and PurePath(names[0]).suffix.lower() in FILES
    )

"""The order in which the user's code lists files: names sorted as text put 10 before 2.

Lists come unsorted from the file system, or sorted by the user. Each is handed on as it is; where
its order is not that of the numbers in the names, this is noted, and an arm may put it in order.
"""

import functools
import glob
import os
import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from regraft.diagnose.agent import interventions, ledger, sites

FEWEST = 11  # names: fewer are in one order as text and as numbers
FILES = frozenset({
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".npy",
})  # fmt: skip
_DIGITS = re.compile(r"(\d+)")


def hook() -> None:
    """`os.listdir` and `glob.glob`, called by the user's own code."""
    for module, name in ((os, "listdir"), (glob, "glob")):
        original = getattr(module, name)

        @functools.wraps(original)
        def listing(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            return listed(_original, *args, **kwargs)

        setattr(module, name, listing)


def listed(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """``call(...)``, for `sorted` and what lists a folder."""
    names = call(*args, **kwargs)
    return names if _in_order(names) else _noted(names)


def sorted_in_place(names: list[Any], /, *args: Any, **kwargs: Any) -> None:
    """``names.sort(...)``."""
    names.sort(*args, **kwargs)
    if not _in_order(names):
        names[:] = _noted(names)


def by_number(name: Any) -> list[Any]:
    """A key that sorts names by the numbers in them."""
    return [int(part) if part.isdigit() else part for part in _DIGITS.split(str(name))]


def _in_order(names: Any) -> bool:
    """Is there nothing to note?"""
    if not isinstance(names, list) or len(names) < FEWEST:
        return True
    if not all(isinstance(name, str | PurePath) for name in names):
        return True
    if PurePath(names[0]).suffix.lower() not in FILES:
        return True
    return sites.directly() is None or names == sorted(names, key=by_number)


def _noted(names: list[Any]) -> list[Any]:
    site = sites.directly()
    ordered = sorted(names, key=by_number)
    if interventions.ACTIVE.at("order-by-number", site):
        return ordered
    first = [PurePath(name).name for name in names[:3]]
    ledger.RECORD.event("file-order", site, n=len(names), first=first,
                        by_number=[PurePath(name).name for name in ordered[:3]])  # fmt: skip
    return names

"""Short names of picture files, as the user's code takes them: without their folder, are they one?

`Path.stem`, `Path.name` and `os.path.basename` are handed on as they are; where files of several
folders come to one name, this is noted, and an arm may have each with its folder.
"""

import functools
import os
from pathlib import PurePath
from typing import Any

from regraft.diagnose.agent import interventions, ledger, listing, sites

#: By file and line of the user: the folders of every short name, and what is noted of them.
_SEEN: dict[tuple[str, int], tuple[dict[str, set[str]], dict[str, Any]]] = {}


def hook() -> None:
    """Short names, taken by the user's own code."""
    for name in ("stem", "name"):
        setattr(PurePath, name, _property(getattr(PurePath, name).fget))
    original = os.path.basename

    @functools.wraps(original)
    def basename(path: Any) -> Any:
        return _shortened(original(path), path)

    setattr(os.path, "basename", basename)  # noqa: B010 - its type has overloads


def _property(original: Any) -> property:
    @functools.wraps(original)
    def short(self: PurePath) -> Any:
        return _shortened(original(self), self)

    return property(short)


def _shortened(short: Any, path: Any) -> Any:
    """The short name of a path, or with its folder where an arm asks for that."""
    if not isinstance(short, str) or not short:
        return short
    parts = PurePath(path).parts  # a suffix would ask for the name again
    is_picture = bool(parts) and f".{parts[-1].rpartition('.')[2]}".lower() in listing.FILES
    site = sites.directly() if is_picture else None
    if site is None:
        return short
    folder = parts[-2] if len(parts) > 1 else ""
    if interventions.ACTIVE.one("names-with-folders") is not None:
        return f"{folder}/{short}" if folder else short
    _note(site, short, folder)
    return short


def _note(site: dict[str, Any], short: str, folder: str) -> None:
    place = (site["file"], site["line"])
    if place not in _SEEN:
        details: dict[str, Any] = {"n": 0, "shared": 0, "example": "", "folders": []}
        ledger.RECORD.event("short-name", site, **details)
        _SEEN[place] = ({}, ledger.RECORD.events[-1]["details"])
    folders, details = _SEEN[place]
    known = folders.setdefault(short, set())
    if folder in known:
        return
    known.add(folder)
    details["n"] += 1  # files
    if len(known) > 1:  # the first of them is one of two now, too
        details["shared"] += 2 if len(known) == 2 else 1
        details["example"], details["folders"] = short, sorted(known)[:2]

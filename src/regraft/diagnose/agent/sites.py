"""Where in the user's own code something happens."""

import linecache
import os
import sys
from types import FrameType
from typing import Any

USER_FILES: set[str] = set()  # files that were compiled by `rewrite`

_OURS = f"diagnose{os.sep}agent"


def here() -> dict[str, Any] | None:
    """The innermost line of the user's code on the stack, or None inside libraries only."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name in USER_FILES:
            return at(name, frame.f_lineno)
        frame = frame.f_back
    return None


def directly() -> dict[str, Any] | None:
    """As `here`, but None where a library stands between the user's line and the call."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _OURS in frame.f_code.co_filename:
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename not in USER_FILES:
        return None
    return at(frame.f_code.co_filename, frame.f_lineno)


def is_within_reader() -> bool:
    """Is the user's code that is run a method of what gives batches by their number?"""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename not in USER_FILES:
        frame = frame.f_back
    owner = None if frame is None else type(frame.f_locals.get("self"))
    return all(hasattr(owner, name) for name in ("__getitem__", "__len__"))


def at(file: str, line: int) -> dict[str, Any]:
    """A site as plain data."""
    return {"file": file, "line": line, "code": linecache.getline(file, line).strip()}

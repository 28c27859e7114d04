"""Every error regraft raises on purpose. Each also *is* the builtin it refines."""

import difflib
from collections.abc import Iterable


class RegraftError(Exception):
    """Base class: catch this to catch anything regraft raises on purpose."""


class InvalidArgumentError(RegraftError, ValueError):
    """An argument has a value the function cannot accept."""


class BudgetTooShortError(InvalidArgumentError):
    """There was no time to do even the least that was asked for."""


class DataError(RegraftError, ValueError):
    """The pictures, labels or files given cannot be used as they are."""


class BadImageError(DataError):
    """One picture cannot be decoded safely. The message names it."""


class MissingFileError(RegraftError, FileNotFoundError):
    """A file or folder that was named does not exist."""


class WeightsUnavailableError(RegraftError, FileNotFoundError):
    """Pretrained weights are neither bundled, nor in a mirror, nor reachable."""


class ArtefactError(RegraftError, ValueError):
    """An artefact folder is incomplete, altered, or of an unknown schema."""


class DiskSpaceError(RegraftError, OSError):
    """The disk has no room for what must be written."""


class RuntimeMismatchError(RegraftError, RuntimeError):
    """An inference runtime computes something else than TensorFlow does."""


class MissingDependencyError(RegraftError, ImportError):
    """An optional library is needed. The message says what to install."""


def expected_received(expected: str, received: str, next_step: str = "") -> str:
    """One line in the form every user-facing error takes.

    Example:
        >>> expected_received("a size of at least 32", "16", "Use --size 32 or more.")
        'expected a size of at least 32; received 16. Use --size 32 or more.'
    """
    line = f"expected {expected}; received {received}"
    return f"{line}. {next_step}" if next_step else line


def nearest(name: str, known: Iterable[str]) -> str:
    """A "did you mean" sentence with the nearest known names, or all of them if few."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"Known names: {shown}."

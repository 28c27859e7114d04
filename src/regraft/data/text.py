"""File and class names as text: any bytes a file system allows, and one line in a message."""

import os

LONGEST_SHOWN = 160  # characters; a longer name would push the rest of the message out of sight


def as_text(name: str) -> str:
    r"""A file name that can be encoded: bytes that are no UTF-8 become ``\xNN``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def shown(name: str) -> str:
    """A name for a message: control characters escaped, the middle of a long one left out."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
    if len(line) <= LONGEST_SHOWN:
        return line
    half = LONGEST_SHOWN // 2 - 2
    return f"{line[:half]} ... {line[-half:]}"


def listed(names: list[str], *, at_most: int = 5) -> str:
    """The first few names, and how many more there are."""
    first = ", ".join(shown(name) for name in names[:at_most])
    rest = len(names) - at_most
    return f"{first} and {rest:,} more" if rest > 0 else first

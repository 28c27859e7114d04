"""Where a run goes: a folder of its own that was not there before."""

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

from regraft.errors import InvalidArgumentError, expected_received

RUNS = Path("runs")
_LONGEST_NAME = 60  # characters of the data's name in the folder's


def require_new(folder: Path) -> None:
    """Refuse, before the work is done, a folder that is there already or cannot be made.

    Raises:
        InvalidArgumentError: With what is in the way.
    """
    if folder.exists() or folder.is_symlink():
        raise InvalidArgumentError(
            expected_received(
                "an --out folder that does not exist yet", f"{folder}, which does", _NAME_ANOTHER
            )
        )
    require_writable(folder)


def require_writable(folder: Path) -> None:
    """Refuse a folder that this user cannot make, or write to.

    Raises:
        InvalidArgumentError: With what is in the way.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        found = "which cannot be written to" if nearest.is_dir() else "a file"
        raise InvalidArgumentError(
            expected_received(
                f"a place for {folder} that can be written to", f"{nearest}, {found}", _NAME_ANOTHER
            )
        )


_NAME_ANOTHER = "Name another with --out."


def write_to_next_free(name: str, write: Callable[[Path], None], *, base: Path = RUNS) -> Path:
    """Call `write` with the next free `base/NAME-N`, again if another process was faster.

    Args:
        name: Of the data; characters that file systems may refuse are replaced.
        write: Creates the folder, or raises `FileExistsError`.
        base: Where runs are collected.

    Returns:
        The folder that was written.
    """
    stem = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-.")[:_LONGEST_NAME] or "run"
    number = 1
    while True:
        folder = base / f"{stem}-{number}"
        if not folder.exists():
            try:
                write(folder)
            except FileExistsError:
                pass
            except OSError as error:  # the rename found a folder that was not there before
                if error.errno != errno.ENOTEMPTY:
                    raise
            else:
                return folder
        number += 1

"""Where a run goes: a folder of its own that was not there before."""

import errno
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from regraft.errors import InvalidArgumentError, expected_received
from regraft.storage import require_writable

RUNS = Path("runs")
CHECKPOINT, RUN = "checkpoint", "run.json"  # of a run that is not finished
_LONGEST_NAME = 60  # characters of the data's name in the folder's


def is_unfinished(folder: Path) -> bool:
    """Is it the folder of a run that was killed or stopped, and can go on?"""
    return (folder / CHECKPOINT / RUN).is_file()


def how_to_resume(folder: Path) -> str:
    """The command that goes on with it."""
    return shlex.join(["regraft", "fit", "--resume", str(folder)])


def require_new(folder: Path) -> None:
    """Refuse, before the work is done, a folder that is there already or cannot be made.

    Raises:
        InvalidArgumentError: With what is in the way.
    """
    if folder.exists() or folder.is_symlink():
        step = "Name another."
        if is_unfinished(folder):
            step = f"It is an unfinished run. To go on with it: {how_to_resume(folder)}"
        raise InvalidArgumentError(
            expected_received(
                "an --out folder that does not exist yet", f"{folder}, which does", step
            )
        )
    require_writable(folder, option="--out")


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

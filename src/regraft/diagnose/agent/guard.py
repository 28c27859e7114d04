"""Keep what Python writes inside the scratch folder, where the kernel offers no private view.

What libraries write in C and what sub-processes do is not held back.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from regraft.errors import expected_received


class WriteRefusedError(PermissionError):
    """A change of files outside the scratch folder: our refusal, no fault of the script's."""


def refuse_changes(scratch: Path, shared: Path) -> None:
    """Refuse every change by Python outside the two folders: the fallback without namespaces.

    A script that must write elsewhere then ends with a message that says why, and the user's
    files stay as they are. Temporary files are made in the scratch folder.
    """
    temporary = scratch / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    allowed = (*(str(p.resolve()) + os.sep for p in (scratch, shared)), "/dev/", "/proc/")

    def outside(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        full = os.path.realpath(os.fsdecode(path))
        return not (full + os.sep).startswith(allowed)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = (*arguments, None, None, None)[:3]
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
            if writes and outside(path):
                _refuse(f"a write to {path!r}")
        elif event in _CHANGES and any(outside(a) for a in arguments[: _CHANGES[event]]):
            _refuse(f"{event} {arguments[0]!r}")

    sys.addaudithook(hook)


def is_refusal(error: BaseException | None) -> bool:
    """Is it, or was it caused by, a write that was refused here?"""
    while error is not None and not isinstance(error, WriteRefusedError):
        error = error.__cause__ or error.__context__
    return error is not None


def _refuse(what: str) -> NoReturn:
    raise WriteRefusedError(
        expected_received(
            "a script that changes temporary files only, as this machine lets `regraft why` "
            "redirect no others",
            what,
            "Leave that out while it is diagnosed.",
        )
    )


_CHANGES = {  # audit event -> how many leading arguments are paths that change
    "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.mkdir": 1, "os.truncate": 1, "os.chmod": 1,
    "os.link": 2, "os.symlink": 2, "shutil.rmtree": 1, "shutil.move": 2,
}  # fmt: skip

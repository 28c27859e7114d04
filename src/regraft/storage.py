"""Writing to disk so that a kill at any moment leaves the last good state.

A file is written under a temporary name in its own folder, fsynced, renamed into place,
and the folder is fsynced: readers see the old content or the new, never a part.
"""

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from regraft.errors import DiskSpaceError, expected_received

TEMPORARY_PREFIX = ".regraft-tmp-"  # what a janitor may delete after a kill

_FULL = {
    errno.ENOSPC: "a full disk",
    errno.EDQUOT: "a quota that is used up",
    errno.EFBIG: "a limit on the size of a file",
}


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends without an error.

    Raises:
        DiskSpaceError: If the disk fills while writing; `path` keeps its old content.
    """
    with _naming_a_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
    try:
        with _naming_a_full_disk(path):
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)  # mkstemp makes it private to this user
            Path(temporary).replace(path)
            _sync_folder(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Fill a temporary folder that becomes `path` when the block ends without an error.

    Raises:
        FileExistsError: If `path` already exists: a run is never overwritten.
        DiskSpaceError: If the disk fills while writing; nothing is left behind.
    """
    if path.exists():
        msg = f"{path} already exists"
        raise FileExistsError(msg)
    with _naming_a_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=TEMPORARY_PREFIX))
    try:
        with _naming_a_full_disk(path):
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    _sync(file)
            temporary.chmod(0o755)  # mkdtemp makes it private to this user
            temporary.replace(path)
            _sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically. NaN is refused: it is not JSON."""
    with atomic_file(path) as file:
        text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        file.write(text.encode())


def require_space(folder: Path, n_bytes: int, purpose: str) -> None:
    """Refuse early when `folder` cannot hold `n_bytes` more.

    Raises:
        DiskSpaceError: With the bytes needed and the bytes free.
    """
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < n_bytes:
        raise DiskSpaceError(
            expected_received(
                f"{n_bytes / 1e6:,.0f} MB free in {existing} for {purpose}",
                f"{free / 1e6:,.0f} MB",
                "Free some space, or name another folder.",
            )
        )


@contextlib.contextmanager
def _naming_a_full_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        found = _FULL.get(error.errno or 0)
        if found is None:
            raise
        raise DiskSpaceError(
            expected_received(
                f"room on the disk for {path}", found, "Free some space and run again."
            )
        ) from error


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Writing to disk so that a kill at any moment leaves the last good state.

A file is written under a temporary name in its own folder, fsynced, renamed into place,
and the folder is fsynced: readers see the old content or the new, never a part.
"""

import contextlib
import errno
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from regraft.errors import DiskSpaceError, InvalidArgumentError, expected_received

TEMPORARY_PREFIX = ".regraft-tmp-"  # what a janitor may delete after a kill

_STREAMS = (1, 2)  # standard output and standard error, which /dev/stdout and a shell's > name
_FULL = {
    errno.ENOSPC: "a full disk",
    errno.EDQUOT: "a quota that is used up",
    errno.EFBIG: "a limit on the size of a file",
}


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends without an error.

    A symbolic link stays one: the file it points to is written. What is there and no regular file
    (a pipe, a terminal, a device) is written into as it is, since it cannot be replaced.

    Raises:
        DiskSpaceError: If the disk fills while writing; `path` keeps its old content.
    """
    stream = _stream_at(path)
    if stream is not None:
        with _naming_a_full_disk(path), stream:
            yield stream
        return
    path = path.resolve()
    temporary = _temporary_beside(path)
    with _naming_a_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = temporary.open("xb")
    try:
        with _naming_a_full_disk(path):
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if path.exists():  # who may read it was decided when it was made
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            temporary.replace(path)
            _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
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
        temporary = _temporary_beside(path)
        temporary.mkdir()
    try:
        with _naming_a_full_disk(path):
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    _sync(file)
            temporary.replace(path)
            _sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def remove_folder(path: Path) -> None:
    """Delete a folder so that a kill leaves it whole or gone; what cannot be deleted stays."""
    temporary = _temporary_beside(path)
    with contextlib.suppress(OSError):
        path.replace(temporary)
    shutil.rmtree(temporary, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically. NaN is refused: it is not JSON."""
    with atomic_file(path) as file:
        text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        # names of files that are no UTF-8 become escapes that JSON reads back as they are
        file.write(text.encode("utf-8", "backslashreplace"))


def require_writable(folder: Path, *, option: str) -> None:
    """Refuse early a folder that this user cannot make, or write to.

    Args:
        folder: Need not exist.
        option: That names it, or a file in it.

    Raises:
        InvalidArgumentError: With what is in the way.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        found = "which cannot be written to" if nearest.is_dir() else "a file"
        raise InvalidArgumentError(
            expected_received(
                f"a place for {folder} that can be written to",
                f"{nearest}, {found}",
                f"Name another with {option}.",
            )
        )


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


def _temporary_beside(path: Path) -> Path:
    """A name nobody else has. `tempfile` would make it private, against the user's umask."""
    return path.parent / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"


def _stream_at(path: Path) -> IO[bytes] | None:
    """What is at `path`, open for writing, if it is no regular file or a stream of this process."""
    try:
        found = path.stat()
    except OSError:
        return None
    for handle in _STREAMS:
        with contextlib.suppress(OSError):  # closed
            if os.path.samestat(found, os.fstat(handle)):
                # the same place in it: what is shown next comes after, not on top
                return os.fdopen(os.dup(handle), "wb")
    return None if stat.S_ISREG(found.st_mode) else path.open("wb")


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

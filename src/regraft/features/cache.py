"""Features on disk, found again by everything that decided them.

An entry is a folder named by the SHA-256 of its facts, with `features.npy` and `meta.json`. It
appears complete or not at all, so readers need no lock; writers of the same entry take turns.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from regraft.errors import InvalidArgumentError, expected_received
from regraft.records import FloatArray
from regraft.storage import (
    TEMPORARY_PREFIX,
    atomic_folder,
    remove_folder,
    require_space,
    write_json,
)

DEFAULT_MAX_BYTES = 20 * 10**9
_ABANDONED_AFTER = 24 * 3600  # seconds: a temporary folder this old was left by a killed process

Facts = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheEntry:
    """One entry, for people to look at."""

    key: str
    n_bytes: int
    last_used: float  # seconds since the epoch
    facts: Mapping[str, Any]


def default_folder() -> Path:
    """`REGRAFT_CACHE`, or regraft's folder in the platform's place for caches."""
    named = os.environ.get("REGRAFT_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "regraft"


def cache_key(facts: Facts) -> str:
    """The SHA-256 of the facts, whatever their order.

    Example:
        >>> cache_key({"size": 32, "tap": "a"}) == cache_key({"tap": "a", "size": 32})
        True
    """
    return hashlib.sha256(json.dumps(dict(facts), sort_keys=True).encode()).hexdigest()


class FeatureCache:
    """A bounded folder of feature arrays, safe for several processes at once.

    Args:
        folder: Where it lives; None for the default folder.
        max_bytes: Least recently used entries go when the total exceeds this.
    """

    def __init__(self, folder: Path | None = None, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        if max_bytes < 0:
            raise InvalidArgumentError(
                expected_received("a cache bound of at least 0 bytes", f"{max_bytes}")
            )
        self.folder = default_folder() if folder is None else folder
        self.max_bytes = max_bytes

    def find(self, key: str) -> FloatArray | None:
        """The memory-mapped, read-only features of a key; None if not there, or not whole."""
        entry = self._entry(key)
        if not (entry / "meta.json").is_file():  # half deleted: nobody would ever evict it
            return None
        try:
            features: FloatArray = np.load(entry / "features.npy", mmap_mode="r")
        except (FileNotFoundError, ValueError, EOFError):  # cut short, altered or emptied
            return None
        with contextlib.suppress(OSError):  # a read-only cache still serves
            os.utime(entry / "meta.json")
        return features

    @contextlib.contextmanager
    def locked(self, keys: Iterable[str]) -> Iterator[None]:
        """Be the only process that computes these keys.

        Raises:
            InvalidArgumentError: If the cache cannot be written.
        """
        # 256 lock files serve all keys; taking them in order keeps two processes from a deadlock
        shards = sorted({key[:2] for key in keys})
        locks = self.folder / "locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidArgumentError(
                expected_received(
                    "a folder for cached features that can be written",
                    f"{self.folder}: {error.strerror}",
                    "Name another with the environment variable REGRAFT_CACHE.",
                )
            ) from error
        with contextlib.ExitStack() as stack:
            for shard in shards:
                stack.enter_context(filelock.FileLock(locks / f"{shard}.lock"))
            yield

    @contextlib.contextmanager
    def writing(
        self, facts: Facts, *, shape: tuple[int, int]
    ) -> Iterator[Callable[[FloatArray], None]]:
        """Hand out a function that appends rows; the entry appears when all went well.

        Whoever writes holds the lock of the key: what is left of a damaged entry is removed first.

        Args:
            facts: What decides the features; their key names the entry.
            shape: (n, d) of all rows together.

        Raises:
            DiskSpaceError: If the disk has, or is left with, too little room.
            InvalidArgumentError: If the rows written are not n.
        """
        key = cache_key(facts)
        require_space(self.folder, 4 * shape[0] * shape[1], "features")
        if self.find(key) is None:
            remove_folder(self._entry(key))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        with atomic_folder(self._entry(key)) as folder:
            n_written = 0
            with (folder / "features.npy").open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header)

                # Written, not mapped: on a full disk a write fails, a mapped page kills.
                def append(rows: FloatArray) -> None:
                    nonlocal n_written
                    file.write(np.ascontiguousarray(rows, "<f4").data)
                    n_written += len(rows)

                yield append
            if n_written != shape[0]:
                raise InvalidArgumentError(expected_received(f"{shape[0]} rows", f"{n_written}"))
            write_json(folder / "meta.json", {"facts": dict(facts), "created": time.time()})

    def entries(self) -> list[CacheEntry]:
        """Every entry, most recently used first."""
        found = []
        for meta in self._features().glob("*/meta.json"):
            with contextlib.suppress(OSError, ValueError):  # going, or not ours
                found.append(
                    CacheEntry(
                        key=meta.parent.name,
                        n_bytes=(meta.parent / "features.npy").stat().st_size,
                        last_used=meta.stat().st_mtime,
                        facts=json.loads(meta.read_text(encoding="utf-8"))["facts"],
                    )
                )
        return sorted(found, key=lambda entry: entry.last_used, reverse=True)

    def evict(self, *, keep: Iterable[str] = ()) -> int:
        """Delete least recently used entries until the bound holds.

        Args:
            keep: Keys that stay whatever the bound says.

        Returns:
            The bytes freed.
        """
        self._sweep()
        staying = set(keep)
        entries = self.entries()
        total = sum(entry.n_bytes for entry in entries)
        freed = 0
        for entry in reversed(entries):
            if total - freed <= self.max_bytes:
                break
            if entry.key not in staying:
                remove_folder(self._entry(entry.key))
                freed += entry.n_bytes
        return freed

    def clear(self) -> int:
        """Delete every entry; runtime verdicts stay. Returns the bytes freed."""
        freed = sum(entry.n_bytes for entry in self.entries())
        remove_folder(self._features())
        return freed

    def _features(self) -> Path:
        return self.folder / "features"

    def _entry(self, key: str) -> Path:
        return self._features() / key

    def _sweep(self) -> None:
        left = f"{TEMPORARY_PREFIX}*"  # by a write, an eviction or a `clear` that was killed
        for folder in (*self._features().glob(left), *self.folder.glob(left)):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime > _ABANDONED_AFTER:
                    if folder.is_dir():
                        shutil.rmtree(folder, ignore_errors=True)
                    else:
                        folder.unlink()

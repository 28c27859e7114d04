"""Where pixels come from: arrays in memory, or files decoded by a few threads."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from regraft.data.decode import decode, n_pixels, on_white
from regraft.data.source import Pixels
from regraft.errors import BadImageError, expected_received
from regraft.records import IntArray

MOST_THREADS = 8  # decoding stops gaining where memory bandwidth does

Item = TypeVar("Item")
Result = TypeVar("Result")


class ArrayPictures:
    """Pictures in memory, kept as they were given: parts are not joined, rows are not copied."""

    def __init__(self, parts: Sequence[Pixels], rows: IntArray | None = None) -> None:
        """Show some rows of arrays.

        Args:
            parts: Arrays of shape (n, h, w, c) with equal h, w, c; c is 1, 3 or 4.
            rows: Row numbers counted through all parts; every row when None.
        """
        self._parts = tuple(parts)
        self._ends = np.cumsum([len(part) for part in parts])
        self._rows = np.arange(self._ends[-1], dtype=np.int64) if rows is None else rows
        self._digests: list[bytes] | None = None

    @property
    def uniform_shape(self) -> tuple[int, int, int]:
        """(h, w, c) of every picture as `read` returns it."""
        height, width, channels = self._parts[0].shape[1:]
        return height, width, min(channels, 3)

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, rows: IntArray, *, reduce_to: int | None = None) -> Pixels:  # noqa: ARG002
        """(m, h, w, c) pixels; a fourth channel is alpha and is laid on white."""
        wanted = self._rows[rows]
        pixels = np.empty((len(wanted), *self._parts[0].shape[1:]), np.uint8)
        part_of = np.searchsorted(self._ends, wanted, side="right")
        for number in np.unique(part_of):
            here = part_of == number
            part = self._parts[number]
            pixels[here] = part[wanted[here] - (self._ends[number] - len(part))]
        return on_white(pixels[..., :3], pixels[..., 3:]) if pixels.shape[-1] == 4 else pixels

    def each(
        self, rows: IntArray, change: Callable[[Pixels], Result], *, reduce_to: int | None = None
    ) -> list[Result]:
        """`change` of every picture, one after the other: nothing has to be decoded."""
        return [
            change(self.read(rows[i : i + 1], reduce_to=reduce_to)[0]) for i in range(len(rows))
        ]

    def take(self, rows: IntArray) -> "ArrayPictures":
        """These rows of the same arrays."""
        taken = ArrayPictures(self._parts, self._rows[rows])
        if self._digests is not None:
            taken._digests = [self._digests[row] for row in rows]
        return taken

    def n_bytes(self) -> int:
        """Nothing has to be decoded."""
        return 0

    def digests(self) -> list[bytes]:
        """SHA-256 of the pixels of each picture."""
        if self._digests is None:
            blocks = (self.read(block) for block in _blocks(len(self), rows_a_block=1024))
            self._digests = [
                hashlib.sha256(picture.tobytes()).digest() for block in blocks for picture in block
            ]
        return self._digests


class FilePictures:
    """Pictures in files, decoded when they are read."""

    def __init__(self, paths: Sequence[Path], names: Sequence[str]) -> None:
        """Show some files.

        Args:
            paths: The files.
            names: What messages call them, one for each path.
        """
        self.paths = tuple(paths)
        self._names = tuple(names)
        self._digests: list[bytes] | None = None

    @property
    def uniform_shape(self) -> None:
        """Not known without decoding every file."""
        return

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, rows: IntArray, *, reduce_to: int | None = None) -> list[Pixels]:
        """One (h, w, c) array for each row."""
        return self.each(rows, lambda picture: picture, reduce_to=reduce_to)

    def each(
        self, rows: IntArray, change: Callable[[Pixels], Result], *, reduce_to: int | None = None
    ) -> list[Result]:
        """`change` of every picture, in the thread that decoded it."""

        def changed(row: int) -> Result:
            return change(decode(self.paths[row], name=self._names[row], reduce_to=reduce_to))

        return in_threads(changed, rows.tolist())

    def most_pixels(self, rows: IntArray) -> int:
        """Of the largest of some pictures, as their headers say; nothing is decoded."""
        return max(in_threads(lambda row: n_pixels(self.paths[row]), rows.tolist()))

    def take(self, rows: IntArray) -> "FilePictures":
        """These files only."""
        taken = FilePictures([self.paths[row] for row in rows], [self._names[row] for row in rows])
        if self._digests is not None:
            taken._digests = [self._digests[row] for row in rows]
        return taken

    def n_bytes(self) -> int:
        """Size of all files; one that is gone counts nothing."""
        return sum(path.stat().st_size for path in self.paths if path.is_file())

    def digests(self) -> list[bytes]:
        """SHA-256 of the bytes of each file."""
        if self._digests is None:
            self._digests = in_threads(_file_digest, self.paths)
        return self._digests


def n_decoders() -> int:
    """Threads that decode at the same time, each one picture."""
    return min(MOST_THREADS, os.cpu_count() or 1)


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`work` on every item, results in order; the first error stops what has not begun."""
    items = list(items)
    n_threads = min(n_decoders(), len(items))
    if n_threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, items))  # its iterator cancels the rest when one fails


def _file_digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        received = f"{path}: {error.strerror}"
        raise BadImageError(expected_received("a readable picture", received)) from error


def _blocks(n_rows: int, *, rows_a_block: int) -> Iterable[IntArray]:
    for start in range(0, n_rows, rows_a_block):
        yield np.arange(start, min(start + rows_a_block, n_rows), dtype=np.int64)

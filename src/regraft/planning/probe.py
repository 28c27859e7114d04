"""The pictures a search looks at: a stratified sample that grows, and is decoded once."""

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from regraft.data.source import ImageSet, Pictures, Pixels, Result
from regraft.records import IntArray

MAX_HELD_BYTES = 10**9
_READ_TOGETHER = 8  # pictures decoded before the bound is looked at: as many as there are threads


def nested_rows(labels: IntArray, rows: IntArray, *, seed: int) -> IntArray:
    """The rows in an order of which every beginning is stratified.

    Args:
        labels: (n,) of all pictures.
        rows: Row numbers into them.
        seed: Decides the order within a class.
    """
    shuffled = rows[np.random.default_rng(seed).permutation(len(rows))]
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    rank = np.arange(len(rows)) - np.repeat(starts, counts)
    # the k-th picture of a class comes when a k-th part of every class should have come
    return by_class[np.argsort((rank + 0.5) / np.repeat(counts, counts), kind="stable")]


def hold(images: ImageSet, *, n: int, reduce_to: int) -> tuple[ImageSet, float]:
    """The same pictures, with the first `n` kept in memory if they are files.

    A probe is read once for each backbone and size: decoding it each time would cost more than the
    networks do. Arrays are in memory already.

    Args:
        images: The probe, in its order.
        n: How many to keep at most; `MAX_HELD_BYTES` bounds them too.
        reduce_to: The largest side in pixels that they will be resized to.

    Returns:
        The pictures, and the seconds it took to read one of them.
    """
    if images.uniform_shape is not None:
        return images, 0.0
    started = time.perf_counter()
    held: dict[int, Pixels] = {}
    total = 0
    for start in range(0, min(n, len(images)), _READ_TOGETHER):
        rows = np.arange(start, min(start + _READ_TOGETHER, n, len(images)))
        read = images.read(rows, reduce_to=reduce_to)
        held.update(zip(rows.tolist(), read, strict=True))
        total += sum(picture.nbytes for picture in read)
        if total > MAX_HELD_BYTES:
            break
    each = (time.perf_counter() - started) / max(len(held), 1)
    return dataclasses.replace(images, pictures=_Held(images.pictures, held)), each


class _Held:
    """Some pictures from memory, the others from where they were."""

    uniform_shape = None

    def __init__(self, source: Pictures, held: dict[int, Pixels]) -> None:
        self._source = source
        self._held = held

    def __len__(self) -> int:
        return len(self._source)

    def read(self, rows: IntArray, *, reduce_to: int | None = None) -> list[Pixels]:
        return self.each(rows, lambda picture: picture, reduce_to=reduce_to)

    def each(
        self, rows: IntArray, change: Callable[[Pixels], Result], *, reduce_to: int | None = None
    ) -> list[Result]:
        others = np.array([row for row in rows.tolist() if row not in self._held], np.int64)
        fresh = iter(self._source.each(others, change, reduce_to=reduce_to) if len(others) else ())
        return [
            change(self._held[row]) if row in self._held else next(fresh) for row in rows.tolist()
        ]

    def take(self, rows: IntArray) -> "_Held":
        held = {i: self._held[row] for i, row in enumerate(rows.tolist()) if row in self._held}
        return _Held(self._source.take(rows), held)

    def n_bytes(self) -> int:
        return self._source.n_bytes()

    def digests(self) -> list[bytes]:
        return self._source.digests()

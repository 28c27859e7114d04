"""The pictures a search looks at: a stratified sample that grows, and is decoded once."""

import dataclasses

import numpy as np

from regraft.data.source import ImageSet, Pixels
from regraft.records import IntArray

MAX_HELD_BYTES = 10**9
_READ_TOGETHER = 32  # pictures decoded at once


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


def hold(images: ImageSet, *, n: int, reduce_to: int) -> ImageSet:
    """The same pictures, with the first `n` kept in memory if they are files.

    A probe is read once for each backbone and size: decoding it each time would cost more than the
    networks do. Arrays are in memory already.

    Args:
        images: The probe, in its order.
        n: How many to keep at most; `MAX_HELD_BYTES` bounds them too.
        reduce_to: Largest side in pixels they will be resized to.
    """
    if images.uniform_shape is not None:
        return images
    held: list[Pixels] = []
    total = 0
    for start in range(0, min(n, len(images)), _READ_TOGETHER):
        rows = np.arange(start, min(start + _READ_TOGETHER, len(images)))
        held.extend(images.read(rows, reduce_to=reduce_to))
        total += sum(picture.nbytes for picture in held[start:])
        if total > MAX_HELD_BYTES:
            break
    return dataclasses.replace(images, pictures=_Held(images, held))


class _Held:
    """The first pictures of a set from memory, the others from where they were."""

    uniform_shape = None

    def __init__(self, images: ImageSet, held: list[Pixels]) -> None:
        self._images = images
        self._held = held

    def __len__(self) -> int:
        return len(self._images)

    def read(self, rows: IntArray, *, reduce_to: int | None = None) -> list[Pixels]:
        n = len(self._held)
        others = [row for row in rows.tolist() if row >= n]
        read = self._images.read(np.array(others, np.int64), reduce_to=reduce_to) if others else []
        rest = iter(read)
        return [self._held[row] if row < n else next(rest) for row in rows.tolist()]

    def take(self, rows: IntArray) -> "_Held":
        n = len(self._held)
        # a beginning stays held; any other choice is read anew
        n_kept = int(np.argmin(np.append(rows[:n] == np.arange(len(rows[:n])), False)))
        return _Held(self._images.take(rows), self._held[:n_kept])

    def digests(self) -> list[bytes]:
        return self._images.pictures.digests()

"""`--limit`: a smaller set in the proportions of the whole."""

import numpy as np

from regraft.data.source import TRAIN, ImageSet
from regraft.errors import InvalidArgumentError, expected_received
from regraft.records import IntArray


def limited(images: ImageSet, *, limit: int, seed: int) -> ImageSet:
    """At most `limit` pictures, drawn so that parts and classes keep their proportions.

    Every class keeps at least two pictures (in the training part, where parts are given) and one
    in each other part it has, as far as it has them. Rows keep their order.

    Raises:
        InvalidArgumentError: When `limit` is too small for that.
    """
    if limit >= len(images):
        return images
    part = np.zeros(len(images), np.int64) if images.given_split is None else images.given_split
    _, stratum, counts = np.unique(
        part * len(images.class_names) + images.labels, return_inverse=True, return_counts=True
    )
    part_of_stratum = np.zeros(len(counts), np.int64)
    part_of_stratum[stratum] = part
    least = np.minimum(counts, np.where(part_of_stratum == TRAIN, 2, 1))
    if limit < least.sum():
        received = f"{limit:,} for {len(images.class_names):,} classes of {images.name}"
        raise InvalidArgumentError(
            expected_received(f"a limit of at least {least.sum():,}", received, "Raise --limit.")
        )
    quota = _quotas(counts, least, limit)
    generator = np.random.default_rng(seed)
    kept = [
        generator.permutation(np.flatnonzero(stratum == number))[:n]
        for number, n in enumerate(quota)
    ]
    return images.take(np.sort(np.concatenate(kept)))


def _quotas(counts: IntArray, least: IntArray, limit: int) -> IntArray:
    """Whole numbers near ``limit * counts / counts.sum()``, never under `least`, of sum `limit`."""
    exact = counts * (limit / counts.sum())
    quota: IntArray = np.maximum(np.floor(exact).astype(np.int64), least)
    while quota.sum() != limit:
        step = 1 if quota.sum() < limit else -1
        may = quota < counts if step == 1 else quota > least
        owed = np.where(may, (exact - quota) * step, -np.inf)
        quota[np.argmax(owed)] += step
    return quota

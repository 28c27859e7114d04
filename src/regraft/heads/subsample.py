"""A seeded sample of rows in which every class keeps its share."""

import numpy as np

from regraft.records import IntArray


def stratified_rows(labels: IntArray, n_rows: int, *, seed: int) -> IntArray:
    """About `n_rows` row numbers, ascending; all of them if there are no more.

    Every class that has rows keeps at least one, so with many rare classes there may be
    more than asked for.
    """
    if len(labels) <= n_rows:
        return np.arange(len(labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    rank = np.arange(len(labels)) - np.repeat(starts, counts)  # within its class
    share = np.maximum(np.round(counts * (n_rows / len(labels))), 1)
    return np.sort(by_class[rank < np.repeat(share, counts)])

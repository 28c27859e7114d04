"""Data sets of TensorFlow that hold the same rows, whatever else was done to each."""

import re
from typing import Any

# Steps that leave out no row; of others, as take, skip, shard and filter, nothing is said.
KEEPS_ALL = re.compile(
    r"_?(Parallel)?(Map|Batch|PaddedBatch|Unbatch|Shuffle|Prefetch|Cache|Repeat|Options)Dataset"
)


def have_same_rows(one: Any, other: Any) -> bool:
    """Do two data sets go through all rows of one that both are made from?"""
    known = {id(step) for step in _steps(one)}
    return any(id(step) in known for step in _steps(other))


def _steps(dataset: Any) -> list[Any]:
    """The data set, and what it was made from as long as no row was left out; the last may do."""
    steps = [dataset]
    while KEEPS_ALL.fullmatch(type(steps[-1]).__name__):
        before = getattr(steps[-1], "_input_dataset", None)
        if before is None:
            break
        steps.append(before)
    return steps

"""As many features as there is time for."""

import contextlib
import time
from collections.abc import Sequence

import numpy as np

from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline, OutOfTime
from regraft.errors import RuntimeMismatchError
from regraft.features.extract import Extraction, check_requests
from regraft.features.graph import Request, width
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.choose import RUNTIMES
from regraft.features.stream import Job, Progress, compute, default_batch_size, filler


def extract_within(
    deadline: Deadline,
    images: ImageSet,
    *,
    row: Backbone,
    weights: Weights | None,
    size: int,
    requests: Sequence[Request],
    runtime: Runtime,
    is_named: bool = True,
    at_least: int = 1,
    progress: Progress | None = None,
) -> Extraction:
    """Features of as many pictures, from the first on, as there is time for.

    They stay in memory and out of the cache: how many there are depends on the day.

    Args:
        deadline: Asked between batches.
        images: The pictures, those that matter most first.
        row: The backbone.
        weights: Its pretrained weights.
        size: Side in pixels that pictures are resized to.
        requests: As for `extract`.
        runtime: What computes.
        is_named: Whether the user named it; else TensorFlow takes over where it is wrong for this
            network.
        at_least: Pictures that are read whatever the time.
        progress: Called with the pictures done and all pictures.

    Returns:
        A mapping from request to features (m, p*p*c) of the first m pictures.

    Raises:
        RuntimeMismatchError: If the runtime named computes other features than TensorFlow.
    """
    started = time.perf_counter()
    wanted = check_requests(row, requests)
    job = Job(
        images=images,
        row=row,
        weights=weights,
        size=size,
        batch_size=min(default_batch_size(size), len(images)),
    )
    tables = {
        request: np.empty((len(images), width(row, request)), np.float32) for request in wanted
    }
    n_done = 0

    def told(done: int, total: int) -> None:
        nonlocal n_done
        n_done = done
        if progress is not None:
            progress(done, total)
        if done >= at_least:
            deadline.check()

    def run(engine: Runtime) -> None:
        with contextlib.suppress(OutOfTime):
            compute(job, engine, {r: filler(table) for r, table in tables.items()}, told)

    try:
        run(runtime)
    except RuntimeMismatchError:
        if is_named:
            raise
        runtime = RUNTIMES["tensorflow"]
        run(runtime)
    return Extraction(
        features={request: table[:n_done] for request, table in tables.items()},
        runtime=runtime,
        n_computed=len(wanted),
        seconds=time.perf_counter() - started,
    )

"""Passes of the probe through a backbone at one size: what was read, and how long it took."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.errors import RuntimeMismatchError
from regraft.features.graph import Request, side_by_side
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.choose import RUNTIMES
from regraft.features.stream import Job, compute, default_batch_size
from regraft.planning.default import Choice
from regraft.records import FloatArray

MIN_BATCHES = 4  # of a pass: the first one is not timed


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast one pass was."""

    load_seconds: float  # building, converting, and the first batch
    images_per_second: float  # afterwards
    macs: int  # multiply-adds a picture of what was computed


@dataclass(kw_only=True, slots=True, eq=False)
class Readings:
    """All that was read with one backbone at one size; grows with the probe."""

    row: Backbone
    weights: Weights
    size: int
    features: dict[Request, FloatArray] = field(default_factory=dict)  # each (n, d)
    pace: Pace | None = None  # of the last pass
    seconds: float = 0.0  # of all passes

    def extend(
        self,
        probe: ImageSet,
        n: int,
        requests: Sequence[Request],
        runtime: Runtime,
        deadline: Deadline,
    ) -> None:
        """Read the requests, and only these, for the first `n` pictures of the probe.

        Rows that are known are kept, and requests that were not read before may not be asked
        for with more rows than there were. The network is cut at the deepest tap requested.

        Raises:
            OutOfTime: If time is up between two batches; nothing changes then but `seconds`.
        """
        known = {request: self.features[request] for request in requests if self.features}
        n_known = len(next(iter(known.values()))) if known else 0
        started = time.perf_counter()
        try:
            fresh = self._read(probe, n_known, n, requests, runtime, deadline)
        finally:
            self.seconds += time.perf_counter() - started
        self.features = {
            request: np.concatenate([known[request], fresh[request]]) if known else fresh[request]
            for request in requests
        }

    @property
    def place(self) -> tuple[str, int]:
        """The backbone's name, and the size."""
        return self.row.name, self.size

    def macs(self, requests: Sequence[Request]) -> int:
        """Multiply-adds a picture of one pass that reads all these."""
        return max(self.row.macs(tap, self.size) for tap, _ in requests)

    def of(self, choice: Choice, n: int | None = None) -> FloatArray:
        """The features (n, d) of a plan, its taps beside one another."""
        return side_by_side(self.features, choice.requests, slice(n))

    def _read(
        self,
        probe: ImageSet,
        start: int,
        end: int,
        requests: Sequence[Request],
        runtime: Runtime,
        deadline: Deadline,
    ) -> dict[Request, FloatArray]:
        images = probe.take(np.arange(start, end))
        job = Job(
            images=images,
            row=self.row,
            weights=self.weights,
            size=self.size,
            batch_size=min(default_batch_size(self.size), max(1, len(images) // MIN_BATCHES)),
        )
        parts: dict[Request, list[FloatArray]] = {request: [] for request in requests}
        sinks = {request: parts[request].append for request in requests}
        marks = [(0, time.perf_counter())]

        def progress(done: int, total: int) -> None:
            marks.append((done, time.perf_counter()))
            if done < total:
                deadline.check()

        try:
            compute(job, runtime, sinks, progress)
        except RuntimeMismatchError:
            compute(job, RUNTIMES["tensorflow"], sinks, progress)
        self.pace = _pace(marks, self.macs(requests))
        return {request: np.concatenate(parts[request]) for request in requests}


def _pace(marks: list[tuple[int, float]], macs: int) -> Pace:
    """From the moments at which batches were done; the first batch also starts the runtime."""
    (_, began), (n_first, first), (n, end) = marks[0], marks[1], marks[-1]
    if n > n_first:
        per_second = (n - n_first) / max(end - first, 1e-9)
        load = max(0.0, first - began - n_first / per_second)
    else:
        # a single batch: not known how much of it was loading, so all counts as both
        per_second, load = n / max(end - began, 1e-9), end - began
    return Pace(load_seconds=load, images_per_second=per_second, macs=macs)

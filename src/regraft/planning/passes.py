"""Passes of the probe through a backbone at one size: what was read, and how long it took."""

import itertools
import statistics
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
from regraft.features.stream import Job, Network, default_batch_size, load, run_through
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
    is_named: bool = True  # the runtime, by the user; else TensorFlow takes over where it is wrong
    built: Network | None = None  # of the last pass, or in another runtime: loading takes seconds
    features: dict[Request, FloatArray] = field(default_factory=dict)  # each (n, d)
    pace: Pace | None = None  # of the last pass
    seconds: float = 0.0  # of all passes
    _read_in: Runtime | None = None  # the last pass
    _batch_size: int = 0  # that it was loaded for

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
            RuntimeMismatchError: If the runtime named computes other features than TensorFlow.
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

    def is_loaded(self, runtime: Runtime) -> bool:
        """Is the network of the last pass still there, in this runtime?"""
        return self.built is not None and self.built.runtime == runtime

    def was_read_in(self, runtime: Runtime) -> bool:
        """Is the pace that of this runtime?"""
        return self._read_in == runtime

    def release(self) -> None:
        """Give back the memory of the network and of the features; the pace stays."""
        self.built, self.features = None, {}

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
        parts: dict[Request, list[FloatArray]] = {request: [] for request in requests}
        sinks = {request: parts[request].append for request in requests}
        began = time.perf_counter()
        marks: list[tuple[int, float]] = []

        def progress(done: int, total: int) -> None:
            marks.append((done, time.perf_counter()))
            if done < total:
                deadline.check()

        try:
            network, job = self._loaded(images, requests, runtime)
            run_through(network, job, sinks, progress)
        except RuntimeMismatchError:
            if self.is_named:
                raise
            network, job = self._loaded(images, requests, RUNTIMES["tensorflow"])
            run_through(network, job, sinks, progress)
        self._read_in = network.runtime
        read = self.macs(network.requests)
        self.pace = _pace([(0, began), *marks], read, self.pace)
        return {request: np.concatenate(parts[request]) for request in requests}

    def _loaded(
        self, images: ImageSet, requests: Sequence[Request], runtime: Runtime
    ) -> tuple[Network, Job]:
        """The network of the last pass where that is quicker than loading one cut shorter."""
        network, pace = self.built, self.pace
        if pace is None or not self.is_loaded(runtime):
            is_kept = False
        else:
            saved = 1 - self.macs(requests) / pace.macs
            is_kept = len(images) * saved / pace.images_per_second < pace.load_seconds
        size = min(default_batch_size(self.size), max(1, len(images) // MIN_BATCHES))
        job = Job(
            images=images,
            row=self.row,
            weights=self.weights,
            size=self.size,
            batch_size=self._batch_size if is_kept else size,
        )
        if network is None or not is_kept:
            network = load(job, runtime, tuple(requests), like=network)
            self.built, self._batch_size = network, size
        return network, job


def _pace(marks: list[tuple[int, float]], macs: int, before: Pace | None) -> Pace:
    """From the moments at which batches were done; the first batch also starts the runtime.

    The median batch counts: of four short ones a single interruption could make a fast pass look
    too slow to go on with.
    """
    (_, began), (n_first, first), (n, end) = marks[0], marks[1], marks[-1]
    if n > n_first:
        paces = [(b - a) / max(t - s, 1e-9) for (a, s), (b, t) in itertools.pairwise(marks[1:])]
        per_second = statistics.median(paces)
        load_seconds = max(0.0, first - began - n_first / per_second)
    else:
        # a single batch: not known how much of it was loading, so all counts as both
        per_second, load_seconds = n / max(end - began, 1e-9), end - began
    if before is not None:  # a network that was kept took nothing to load
        load_seconds = max(load_seconds, before.load_seconds)
    return Pace(load_seconds=load_seconds, images_per_second=per_second, macs=macs)

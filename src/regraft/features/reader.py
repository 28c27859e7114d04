"""Features of one plan, as often as wanted: the network stays loaded."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from regraft.adapt.views import View
from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline, OutOfTime
from regraft.features.graph import Request, width
from regraft.features.runtimes import Runtime
from regraft.features.stream import Job, Network, default_batch_size, filler, load, run_through
from regraft.records import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reader:
    """A network, and the pictures that it reads."""

    network: Network
    job: Job
    requests: tuple[Request, ...]

    @classmethod
    def of(
        cls,
        images: ImageSet,
        *,
        row: Backbone,
        weights: Weights,
        size: int,
        requests: tuple[Request, ...],
        runtime: Runtime,
    ) -> "Reader":
        """Load the network for these pictures, with arguments as for `extract`."""
        batch_size = min(default_batch_size(size), len(images))
        job = Job(images=images, row=row, weights=weights, size=size, batch_size=batch_size)
        return cls(network=load(job, runtime, requests), job=job, requests=requests)

    def read(self, rows: IntArray, views: Sequence[View] | None, deadline: Deadline) -> FloatArray:
        """Features (m, d) of the pictures, or of as many, from the first on, as there is time for.

        Args:
            rows: Which pictures.
            views: How each of them is seen; None for as they are.
            deadline: Asked between batches; the first batch is read whatever it says.

        Raises:
            RuntimeMismatchError: If the runtime computes other features than TensorFlow.
        """
        job = replace(self.job, images=self.job.images.take(rows), views=views)
        ends = np.cumsum([0, *(width(job.row, request) for request in self.requests)])
        table = np.empty((len(rows), ends[-1]), np.float32)
        columns = {
            request: table[:, start:end]
            for request, start, end in zip(self.requests, ends[:-1], ends[1:], strict=True)
        }
        n_done = 0

        def told(done: int, _total: int) -> None:
            nonlocal n_done
            n_done = done
            deadline.check()

        with contextlib.suppress(OutOfTime):  # what was read is whole
            run_through(self.network, job, {r: filler(t) for r, t in columns.items()}, told)
        return table[:n_done]

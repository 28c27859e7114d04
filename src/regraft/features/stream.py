"""Pictures through a network in batches of one size, read ahead while the network computes.

Reading and resizing run in a thread, at most a few batches ahead, so memory does not grow with the
number of pictures.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from regraft.adapt.channels import as_rgb
from regraft.adapt.resize import resize
from regraft.adapt.views import View, seen_each
from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights
from regraft.data.pictures import FilePictures, n_decoders
from regraft.data.source import ImageSet, Pixels
from regraft.errors import RuntimeMismatchError, expected_received
from regraft.features.graph import Request, build_extractor
from regraft.features.runtimes import Batch, Run, Runtime
from regraft.features.runtimes.choose import LARGEST_DIFFERENCE
from regraft.features.runtimes.probe import largest_difference
from regraft.records import FloatArray, IntArray

_PIXELS_PER_BATCH = 2**20  # 256 pictures of 64 px, 20 of 224 px
_SMALLEST_BATCH, _LARGEST_BATCH = 4, 256
_AHEAD = 2  # batches read while one is computed
_FLOAT = 4  # bytes
# Bytes a pixel that decoding a photograph and resizing it takes at its peak, as measured on 12
# million pixels: 14 for a JPEG or PNG, 18 where EXIF turns it. Transparent ones take 28, gray 4.
_DECODING = 18
_LOOKED_AT = 64  # headers, to forecast how large pictures are
_N_CALIBRATION = 1024  # pictures that int8 takes its ranges from
_N_CHECKED = 4  # pictures: Keras, run eagerly, keeps the map of every layer until the end
# Pictures up to this many times the target's area are resized in the graph, dense and batched;
# larger ones one by one in the reading thread, where only the filter's band is computed.
_IN_GRAPH_AREA = 16

Item = TypeVar("Item")
Result = TypeVar("Result")
Append = Callable[[FloatArray], Any]
Progress = Callable[[int, int], None]  # pictures done, all pictures


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is computed, apart from the requests and the runtime."""

    images: ImageSet
    row: Backbone
    weights: Weights | None
    size: int
    batch_size: int
    views: Sequence[View] | None = None  # each picture is read in its own; None: as it is

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """The uniform shape, if the graph itself is to resize."""
        return shape_for_graph(self.images, self.size)


def shape_for_graph(images: ImageSet, size: int) -> tuple[int, int, int] | None:
    """The uniform shape (h, w, c) of pictures that the graph should resize to `size`, or None."""
    shape = images.uniform_shape
    if shape is None or shape[0] * shape[1] > _IN_GRAPH_AREA * size**2:
        return None
    return shape


def default_batch_size(size: int) -> int:
    """Pictures per step, by the side in pixels of what the network sees."""
    return min(max(_PIXELS_PER_BATCH // size**2, _SMALLEST_BATCH), _LARGEST_BATCH)


def bytes_on_their_way(images: ImageSet, size: int) -> int:
    """Of the batches in memory at a time: those read ahead, the next one, and the one computed."""
    n_batches = 2 + _AHEAD
    n = min(default_batch_size(size), len(images))
    shape = shape_for_graph(images, size)
    if shape is None:
        return n_batches * n * _FLOAT * 3 * size**2
    # bytes, of which the graph makes floats and resizes them
    return n * (n_batches * math.prod(shape) + _FLOAT * (math.prod(shape) + 3 * size**2))


def bytes_decoded_at_once(images: ImageSet) -> int:
    """Of the pictures that threads decode, by the largest of some; 0 for arrays."""
    files = images.pictures
    if not isinstance(files, FilePictures):
        return 0
    rows = np.unique(np.linspace(0, len(files) - 1, _LOOKED_AT).astype(np.int64))
    return n_decoders() * _DECODING * files.most_pixels(rows)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Network:
    """An extractor that is ready to run on batches of one size."""

    requests: tuple[Request, ...]  # in the order of the outputs
    runtime: Runtime
    model: Any  # of Keras, that the runtime's first outputs are checked against
    run: Run

    @property
    def is_exact(self) -> bool:
        """Are features float32 as Keras computes them? Else heads are asked whether they mind."""
        return self.runtime.precision == "float32"


def compute(
    job: Job, runtime: Runtime, sinks: Mapping[Request, Append], progress: Progress | None
) -> None:
    """Run all pictures once and hand every request's rows, in order, to its sink.

    Raises:
        RuntimeMismatchError: If the runtime computes other features than TensorFlow; no row was
            handed over then.
    """
    run_through(load(job, runtime, tuple(sinks)), job, sinks, progress)


def load(
    job: Job, runtime: Runtime, requests: tuple[Request, ...], *, like: Network | None = None
) -> Network:
    """Build the network for a job's pictures and make the runtime ready.

    Args:
        job: What it is for.
        runtime: What will run it.
        requests: Its outputs, in order.
        like: One of the same backbone at the same size, whose Keras model is taken if it has the
            same inputs and outputs: building and converting one takes seconds.
    """
    step = runtime.step(job.size, job.batch_size)
    shape = (step, *(job.picture_shape or (job.size, job.size, 3)))
    if like is not None and (like.requests, like.model.inputs[0].shape) == (requests, shape):
        model = like.model
    else:
        model = build_extractor(
            job.row,
            size=job.size,
            requests=requests,
            weights=job.weights,
            picture_shape=job.picture_shape,
            batch_size=step,
        )
    run = runtime.load(model, lambda: _calibration(job))
    return Network(requests=requests, runtime=runtime, model=model, run=run)


def run_through(
    network: Network, job: Job, sinks: Mapping[Request, Append], progress: Progress | None
) -> None:
    """As `compute`, with a network that was loaded for these requests or more.

    Raises:
        RuntimeMismatchError: As `compute`.
    """
    n_images = len(job.images)
    n_done = 0
    for batch in _batches(job):
        n_real = min(len(batch), n_images - n_done)
        outputs = network.run(batch)
        if n_done == 0 and network.is_exact and network.runtime.name != "tensorflow":
            _require_agreement(network.model, batch, outputs, network.runtime)
        for request, features in zip(network.requests, outputs, strict=True):
            if request in sinks:
                sinks[request](features[:n_real])
        n_done += n_real
        if progress is not None:
            progress(n_done, n_images)


def filler(table: FloatArray) -> Append:
    """A sink that fills a table (n, d) from the top."""
    n_filled = 0

    def append(rows: FloatArray) -> None:
        nonlocal n_filled
        table[n_filled : n_filled + len(rows)] = rows
        n_filled += len(rows)

    return append


def _batches(job: Job) -> Iterator[Batch]:
    """Batches of one fixed size, read ahead of the caller; the last one repeats its last row."""
    starts = range(0, len(job.images), job.batch_size)
    return read_ahead(starts, lambda start: _batch(job, start))


def _calibration(job: Job) -> Iterator[Batch]:
    """The first batches of a job, which decide the ranges of int8 with everything else it reads."""
    n = min(_N_CALIBRATION, len(job.images))
    return (_batch(job, start) for start in range(0, n, job.batch_size))


def _batch(job: Job, start: int) -> Batch:
    rows = np.minimum(np.arange(start, start + job.batch_size), len(job.images) - 1)
    batch = prepared(job.images, rows, size=job.size, picture_shape=job.picture_shape)
    return batch if job.views is None else seen_each(batch, [job.views[row] for row in rows])


def read_ahead(items: Iterable[Item], read: Callable[[Item], Result]) -> Iterator[Result]:
    """`read` of every item, in order, in a thread that is a few items ahead of the caller."""
    coming = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="regraft-read") as reader:
        waiting: deque[Future[Result]] = deque()

        def start_next() -> None:
            for item in islice(coming, 1):
                waiting.append(reader.submit(read, item))

        for _ in range(1 + _AHEAD):
            start_next()
        try:
            while waiting:
                result = waiting.popleft().result()
                start_next()
                yield result
        finally:
            for future in waiting:
                future.cancel()


def prepared(
    images: ImageSet, rows: IntArray, *, size: int, picture_shape: tuple[int, int, int] | None
) -> npt.NDArray[Any]:
    """Pictures as the input of `build_extractor` with the same `picture_shape` takes them.

    Returns:
        uint8 (n, h, w, c) where the graph resizes, else float32 (n, size, size, 3) in [0, 255].
    """
    if picture_shape is not None:
        return np.asarray(images.read(rows))

    def resized(picture: Pixels) -> FloatArray:
        return as_rgb(resize(picture, height=size, width=size))

    return np.stack(images.each(rows, resized, reduce_to=size))


def _require_agreement(
    model: Any, batch: npt.NDArray[Any], outputs: list[FloatArray], runtime: Runtime
) -> None:
    """A runtime that was right on the probe's network must be right on this one too."""
    import keras

    few = batch[:_N_CHECKED]
    reference = [np.asarray(x) for x in keras.tree.flatten(model(few, training=False))]
    off = largest_difference(reference, [output[: len(few)] for output in outputs])
    if off > LARGEST_DIFFERENCE:
        raise RuntimeMismatchError(
            expected_received(
                f"{runtime.name} within {LARGEST_DIFFERENCE:g} of TensorFlow for this network",
                f"a difference of {off:.1e}",
                "Use --runtime tensorflow.",
            )
        )

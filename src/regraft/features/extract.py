"""All features asked for in one pass over the pictures, from the cache where they are known."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from regraft.adapt.resize import RESIZE_VERSION
from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights
from regraft.data.decode import DECODE_VERSION
from regraft.data.source import ImageSet
from regraft.errors import (
    InvalidArgumentError,
    MissingFileError,
    RuntimeMismatchError,
    expected_received,
)
from regraft.features.cache import Facts, FeatureCache, cache_key, default_folder
from regraft.features.graph import Request, side_by_side, width
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.choose import RUNTIMES, choose_runtime
from regraft.features.stream import (
    Append,
    Job,
    Progress,
    bytes_decoded_at_once,
    bytes_on_their_way,
    compute,
    default_batch_size,
)
from regraft.records import FloatArray, IntArray

FEATURES_VERSION = 1  # part of every cache key: raise it when pooling or the graph changes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Extraction(Mapping[Request, FloatArray]):
    """Features by request, each (n, p*p*c) float32, and how they were come by."""

    features: Mapping[Request, FloatArray]
    runtime: Runtime  # that computed them, now or when they went to the cache
    n_computed: int  # requests that were not in the cache
    seconds: float

    def __getitem__(self, request: Request) -> FloatArray:
        return self.features[request]

    def of(self, requests: Sequence[Request], rows: IntArray) -> FloatArray:
        """The features of some rows, all requests beside one another: (len(rows), d)."""
        return side_by_side(self.features, requests, rows)

    def __iter__(self) -> Iterator[Request]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Bytes an extraction will need."""

    features: int  # of all pictures: on disk when cached, else in memory
    working: int  # pictures in flight and the largest maps, whatever the number of pictures


def extract(
    images: ImageSet,
    rows: IntArray | None = None,
    *,
    row: Backbone,
    weights: Weights | None,
    size: int,
    requests: Sequence[Request],
    runtime: str | Runtime = "auto",
    is_named: bool | None = None,
    cache: FeatureCache | None,
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> Extraction:
    """Features of pictures at the taps and grids requested.

    Args:
        images: The pictures.
        rows: Which of them, and in which order; None for all.
        row: The backbone.
        weights: Its pretrained weights; None for seeded random ones, which tests use.
        size: Side in pixels that pictures are resized to.
        requests: Names of taps with the cells per side of the grid to pool to.
        runtime: `auto`, a name of `RUNTIMES`, or one that was chosen already.
        is_named: Whether the user named it; else TensorFlow takes over where it is wrong for this
            network. None: unless `runtime` is `auto`.
        cache: Where features are looked for and kept; None computes them in memory.
        batch_size: Pictures per step; None chooses by size.
        progress: Called with the pictures done and all pictures, only if any are computed.

    Returns:
        A mapping from request to features in the order of `rows`; memory-mapped and read-only
        where there is a cache.

    Raises:
        InvalidArgumentError: If nothing is requested, a tap or the runtime is unknown, the size is
            below the smallest, or a grid is finer than the map.
        RuntimeMismatchError: If the runtime named computes other features than TensorFlow.
        DiskSpaceError: If the disk cannot hold the features.
    """
    started = time.perf_counter()
    wanted = check_requests(row, requests)
    row.check_size(size)
    chosen = images if rows is None else images.take(rows)
    if not len(chosen):
        raise InvalidArgumentError(expected_received("at least one picture", "none"))
    job = Job(
        images=chosen,
        row=row,
        weights=weights,
        size=size,
        batch_size=min(batch_size or default_batch_size(size), len(chosen)),
    )
    engine = (
        choose_runtime(runtime, folder=default_folder() if cache is None else cache.folder)
        if isinstance(runtime, str)
        else runtime
    )
    try:
        features, n_computed = _obtain(job, wanted, engine, cache, progress)
    except RuntimeMismatchError:
        if runtime != "auto" if is_named is None else is_named:
            raise
        engine = RUNTIMES["tensorflow"]  # right for other networks, but not for this one
        features, n_computed = _obtain(job, wanted, engine, cache, progress)
    return Extraction(
        features=features,
        runtime=engine,
        n_computed=n_computed,
        seconds=time.perf_counter() - started,
    )


def forecast(
    images: ImageSet, *, row: Backbone, size: int, requests: Sequence[Request]
) -> Forecast:
    """What `extract` will need, before anything large is allocated.

    The working part is an estimate: the batches of pictures on their way, two maps as large as the
    first block of VGG makes them, the widest of all backbones, and what is being decoded.
    """
    n_features = sum(width(row, request) for request in check_requests(row, requests))
    maps = 2 * 64 * 4 * min(default_batch_size(size), len(images)) * size**2
    return Forecast(
        features=4 * len(images) * n_features,
        working=maps + bytes_on_their_way(images, size) + bytes_decoded_at_once(images),
    )


def _obtain(
    job: Job,
    requests: tuple[Request, ...],
    runtime: Runtime,
    cache: FeatureCache | None,
    progress: Progress | None,
) -> tuple[dict[Request, FloatArray], int]:
    """The features, and how many requests had to be computed for them."""
    if cache is None:
        parts: dict[Request, list[FloatArray]] = {request: [] for request in requests}
        compute(job, runtime, {request: parts[request].append for request in requests}, progress)
        return {request: np.concatenate(parts.pop(request)) for request in requests}, len(requests)

    fingerprint = job.images.fingerprint()
    facts = {request: _facts(job, request, runtime, fingerprint) for request in requests}
    keys = {request: cache_key(facts[request]) for request in requests}
    features = _find_all(cache, keys)
    if features is not None:
        return features, 0
    with cache.locked(keys.values()):
        # looked for again: another process may have computed them while this one waited
        missing = [request for request in requests if cache.find(keys[request]) is None]
        if missing:
            _compute_into(cache, job, runtime, {r: facts[r] for r in missing}, progress)
        features = _find_all(cache, keys)
    if features is None:
        raise MissingFileError(
            expected_received(
                f"the features just written to {cache.folder}",
                "none: another process cleared the cache",
                "Run again.",
            )
        )
    cache.evict(keep=keys.values())
    return features, len(missing)


def _find_all(cache: FeatureCache, keys: Mapping[Request, str]) -> dict[Request, FloatArray] | None:
    features = {}
    for request, key in keys.items():
        array = cache.find(key)
        if array is None:
            return None
        features[request] = array
    return features


def _compute_into(
    cache: FeatureCache,
    job: Job,
    runtime: Runtime,
    facts: Mapping[Request, Facts],
    progress: Progress | None,
) -> None:
    with contextlib.ExitStack() as entries:
        sinks: dict[Request, Append] = {}
        for request, its_facts in facts.items():
            shape = (len(job.images), width(job.row, request))
            sinks[request] = entries.enter_context(cache.writing(its_facts, shape=shape))
        compute(job, runtime, sinks, progress)


def _facts(job: Job, request: Request, runtime: Runtime, fingerprint: str) -> Facts:
    tap, grid = request
    return {
        "data": fingerprint,
        "features_version": FEATURES_VERSION,
        "decode_version": DECODE_VERSION,
        "resize_version": RESIZE_VERSION,
        "backbone": job.row.name,
        "weights": "random" if job.weights is None else job.weights.sha256,
        "pixels": repr(job.row.pixels),
        "size": job.size,
        "tap": tap,
        "grid": grid,
        "dtype": runtime.precision,
        "runtime": f"{runtime.name} {runtime.version()}",
    }


def check_requests(row: Backbone, requests: Sequence[Request]) -> tuple[Request, ...]:
    """The requests without repeats.

    Raises:
        InvalidArgumentError: If there are none, a tap is unknown, or a grid has no cell.
    """
    for tap, grid in requests:
        row.tap(tap)
        if grid < 1:
            raise InvalidArgumentError(expected_received("a grid of at least 1", f"{grid}"))
    if not requests:
        raise InvalidArgumentError(expected_received("at least one tap and grid", "none"))
    return tuple(dict.fromkeys(requests))

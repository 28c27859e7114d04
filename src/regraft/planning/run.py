"""A search from start to end: the space, the rungs, the floors, the costs, the choice."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from regraft.backbones.table import BACKBONES, Backbone, get
from regraft.backbones.weights import Weights, are_at_hand, find_weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.errors import (
    BudgetTooShortError,
    InvalidArgumentError,
    WeightsUnavailableError,
    expected_received,
)
from regraft.features.graph import Request
from regraft.features.runtimes import Runtime
from regraft.heads.floors import floors
from regraft.planning.default import Choice, typical_side
from regraft.planning.halving import PICTURES, Halving, Worth, n_screened
from regraft.planning.limits import Limits, measure_latency
from regraft.planning.outcome import Scored, SearchResult, Seen, choose_best
from regraft.planning.passes import Readings
from regraft.planning.probe import hold, nested_rows
from regraft.planning.space import requests_for, single, sizes_for
from regraft.records import Split

Note = Callable[[str], None]

_FOR_LATENCY = 0.15  # of the time is kept for measuring single pictures
# Plans that are timed where no limit hangs on it, and seconds that each takes: its network is built
# once more, for one picture.
_TIMED, _SECONDS_TO_TIME = 3, 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """What is left open; None where everything that makes sense is tried."""

    backbones: tuple[str, ...] | None = None
    sizes: tuple[int, ...] | None = None
    taps: tuple[str, ...] | None = None
    grids: tuple[int, ...] | None = None


def search_plans(
    images: ImageSet,
    split: Split,
    *,
    space: Space,
    deadline: Deadline,
    runtime: Runtime,
    is_named: bool = True,
    weights: Callable[[Backbone], Weights],
    seed: int,
    note: Note,
    worth: Worth,
    limits: Limits | None = None,
    ideal_seconds: float | None = None,
    times_tensorflow: float = 1.0,
    left_over: Callable[[Scored, Seen], float] | None = None,
) -> SearchResult:
    """Score plans on training and validation pictures, and choose one.

    Args:
        images: All pictures.
        split: Test pictures are not looked at.
        space: What may be tried.
        deadline: When to be done. Steps that have begun are finished.
        runtime: What will compute the features of the plan chosen.
        is_named: Whether the user named it; else TensorFlow takes over where it is wrong.
        weights: Finds those of a backbone.
        seed: Decides the probe and the folds.
        note: Is told how it goes.
        worth: What a scored plan is worth; the one worth most wins, ties go to the faster.
        limits: What a plan must keep. Single pictures are timed only if this is given, with or
            without a limit on them.
        ideal_seconds: As for `Halving`.
        times_tensorflow: As for `Halving`.
        left_over: As for `Halving`.

    Raises:
        BudgetTooShortError: If no plan could be scored in the time.
        InvalidArgumentError: If nothing is to be tried, or no plan keeps the limits.
        RuntimeMismatchError: If the runtime named computes other features than TensorFlow.
    """
    started = time.perf_counter()
    n_classes = len(images.class_names)
    known = np.concatenate([split.train, split.validation])
    # a copy in another fold would tell the answer, and one in the same teaches nothing
    known = known[np.sort(np.unique(images.identity()[known], return_index=True)[1])]
    rows = nested_rows(images.labels, known, seed=seed)
    probe = images.take(rows[: PICTURES[-1]])
    passes = _passes(space, typical_side(images), weights, limits or Limits(), n_classes, note)
    for readings, _ in passes:
        readings.is_named = is_named
    lowest = floors(images, split, seed=seed)
    largest = max(readings.size for readings, _ in passes)
    held, read_seconds = hold(probe, n=n_screened(n_classes)[1], reduce_to=largest)
    halving = Halving(
        probe=held,
        n_classes=n_classes,
        deadline=deadline if limits is None else deadline.before(_reserved(limits, deadline)),
        runtime=runtime,
        worth=worth,
        note=note,
        seed=seed,
        read_seconds=read_seconds,
        ideal_seconds=ideal_seconds,
        times_tensorflow=times_tensorflow,
        left_over=left_over,
    )
    halving.run(passes)
    last = halving.last()
    if not last:
        raise BudgetTooShortError(
            expected_received(
                "a budget in which one backbone can be tried",
                "one that was used up before",
                "Raise --budget, or name a cheaper backbone or smaller sizes.",
            )
        )
    allowed = last
    if limits is not None:
        found = {readings.row.name: readings.weights for readings, _ in passes}
        most = len(last) if limits.latency_ms is not None else _TIMED
        timed = _timed(last, found, deadline, most=most)
        for scored in timed:
            halving.scored[scored.key] = scored
        allowed = _within(timed, limits)
    candidates = sorted(
        halving.scored.values(), key=lambda scored: (-scored.rung, -scored.accuracy, _name(scored))
    )
    allowed_choices = [scored.choice for scored in allowed]
    among = [i for i, scored in enumerate(candidates) if scored.choice in allowed_choices]
    seen = dataclasses.replace(halving.seen, seconds_to_go=0.0)
    chosen = choose_best(candidates, among, worth=lambda scored: worth(scored, seen))
    return SearchResult(
        candidates=tuple(candidates),
        chosen=chosen,
        skipped=tuple(halving.skipped),
        floors=lowest,
        n_probe=len(candidates[chosen].correct),
        seen=seen,
        left_out=images.bad_images,
        seconds=time.perf_counter() - started,
    )


def backbones_at_hand() -> tuple[str, ...]:
    """Names of the backbones whose weights are here: nothing is fetched for a search."""
    return tuple(row.name for row in BACKBONES if are_at_hand(row))


def with_taps(names: tuple[str, ...], taps: tuple[str, ...]) -> tuple[str, ...]:
    """Of some backbones those that have these taps; all of them if none has, to say so of one."""
    return tuple(name for name in names if get(name).has_taps(taps)) or names


def at_hand(row: Backbone) -> Weights:
    """The weights of a backbone, without the network."""
    return find_weights(row, download=False)


def _passes(
    space: Space,
    side: int,
    weights: Callable[[Backbone], Weights],
    limits: Limits,
    n_classes: int,
    note: Note,
) -> list[tuple[Readings, Sequence[Request]]]:
    passes: list[tuple[Readings, Sequence[Request]]] = []
    is_taken = False
    for name in space.backbones or with_taps(backbones_at_hand(), space.taps or ()):
        row = get(name)
        for tap in space.taps or ():
            row.tap(tap)
        try:
            found = weights(row)
        except WeightsUnavailableError as error:
            if space.backbones is not None:  # asked for by name
                raise
            note(f"{row.name} is left out: {error}")
            continue
        for size in space.sizes or sizes_for(row, side):
            if space.sizes is not None and size < row.smallest_size:
                continue
            requests = requests_for(row, size, taps=space.taps, grids=space.grids)
            is_taken = is_taken or bool(requests)
            small = [r for r in requests if limits.admits(single(row, size, r), n_classes)]
            if small:
                passes.append((Readings(row=row, weights=found, size=size), small))
    if not passes:
        received = "none that is small enough" if is_taken else "none"
        step = "Allow larger sizes or coarser grids, or a larger artefact with --max-size."
        raise InvalidArgumentError(expected_received("a plan to try", received, step))
    return passes


def _reserved(limits: Limits, deadline: Deadline) -> float:
    """Seconds that are kept for timing single pictures."""
    share = _FOR_LATENCY * max(0.0, deadline.left())
    return share if limits.latency_ms is not None else min(share, _TIMED * _SECONDS_TO_TIME)


def _timed(
    last: Sequence[Scored], weights: dict[str, Weights], deadline: Deadline, *, most: int
) -> list[Scored]:
    """The plans of the last rung, the most accurate first, with latencies while time is left."""
    timed: list[Scored] = []
    for scored in sorted(last, key=lambda scored: -scored.accuracy):
        latency = None
        if (deadline.left() > 0 and len(timed) < most) or not timed:
            latency = measure_latency(scored.choice, weights[scored.choice.row.name])
        timed.append(dataclasses.replace(scored, latency_ms=latency))
    return timed


def _within(timed: Sequence[Scored], limits: Limits) -> list[Scored]:
    if limits.latency_ms is None:
        return list(timed)
    known = [scored for scored in timed if scored.latency_ms is not None]
    within = [s for s in known if s.latency_ms is not None and s.latency_ms <= limits.latency_ms]
    if not within:
        fastest = min(scored.latency_ms or 0.0 for scored in known)
        raise InvalidArgumentError(
            expected_received(
                f"a plan that answers in {limits.latency_ms:g} ms",
                f"{fastest:.1f} ms for the fastest of the best plans",
                "Raise --max-latency, or name smaller sizes with --sizes.",
            )
        )
    return within


def _name(scored: Scored) -> tuple[str, int, tuple[str, ...], tuple[int, ...]]:
    choice: Choice = scored.choice
    return choice.row.name, choice.size, choice.taps, choice.grids

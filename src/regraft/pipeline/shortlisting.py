"""Plans that may be worth fine-tuning: what a few pictures say about them while they are frozen.

Every backbone at hand is read at several sizes, at the end of each of its stages. What the machine
cannot train on all pictures in the time is left out by its multiply-adds alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from regraft.backbones.table import Backbone, get
from regraft.backbones.weights import Weights, find_weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline, OutOfTime
from regraft.features.graph import Request
from regraft.features.runtimes.choose import RUNTIMES
from regraft.observer import Observer
from regraft.pipeline.request import Request as Asked
from regraft.planning.default import Choice, typical_side
from regraft.planning.passes import Readings
from regraft.planning.peak import product_macs_per_second
from regraft.planning.probe import hold, nested_rows
from regraft.planning.run import at_hand, backbones_at_hand
from regraft.planning.screen import gram, left_out_correct
from regraft.planning.space import MAX_FEATURES, macs, n_features, requests_for, single, sizes_for
from regraft.records import FloatArray, IntArray, Split

PICTURES = 600  # read in every pass: tells plans apart that differ by two points or more
MOST, MOST_A_BACKBONE = 4, 2  # plans listed
# Passes over the training pictures that the time must hold. With fewer, the frozen features of a
# larger plan are not moved far enough to be worth their price.
LEAST_EPOCHS = 2.0
_OF_A_PASS = 3  # a step: forward, and a gradient by the maps and one by the weights
_BFLOAT16 = 2  # times the multiply-adds of float32, at best


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Listed:
    """A plan with what was read for it."""

    choice: Choice
    weights: Weights
    features: FloatArray  # (n, d)
    labels: IntArray  # (n,)
    accuracy: float  # of a closed-form head, each picture left out in its turn


def shortlist(
    images: ImageSet,
    split: Split,
    *,
    asked: Asked,
    deadline: Deadline,
    training_seconds: float,
    observer: Observer,
) -> tuple[Listed, ...]:
    """The most accurate frozen plans of which fine-tuning can see all pictures, best first.

    Args:
        images: All pictures.
        split: Only training pictures are looked at.
        asked: What of the plan is named, and the seed.
        deadline: When to be done; a pass that has begun stops between two batches.
        training_seconds: That fine-tuning will have, about.
        observer: Is told what was found.
    """
    rows = nested_rows(images.labels, split.train, seed=asked.seed)[:PICTURES]
    side = typical_side(images)
    largest = max(max(sizes) for _, _, sizes in _backbones(asked, side))
    probe, _ = hold(images.take(rows), n=PICTURES, reduce_to=largest)
    most_macs = _BFLOAT16 * product_macs_per_second() * training_seconds
    most_macs /= _OF_A_PASS * LEAST_EPOCHS * len(split.train)
    found: list[Listed] = []
    for readings, requests in _passes(asked, side, most_macs):
        if found and deadline.left() <= 0:
            break
        try:
            until = deadline if found else Deadline(float("inf"))  # something must be listed
            readings.extend(probe, len(probe), requests, RUNTIMES["tensorflow"], until)
        except OutOfTime:
            break
        found.append(_best_of(readings, requests, probe))
        observer.note(f"Frozen: {named(found[-1].choice)}: {found[-1].accuracy:.3f}.")
    return _first(sorted(found, key=lambda plan: (-plan.accuracy, macs(plan.choice))))


def named(choice: Choice) -> str:
    """A plan in a few words."""
    taps = " + ".join(f"{tap} {grid}x{grid}" for tap, grid in choice.requests)
    return f"{choice.row.name} at {choice.size} px, {taps}"


def _backbones(asked: Asked, side: int) -> list[tuple[Backbone, Weights, tuple[int, ...]]]:
    """What is at hand or named, with the sizes to try for pictures of this side."""
    is_open = asked.backbone == "auto"
    found = []
    for name in backbones_at_hand() if is_open else (asked.backbone,):
        row = get(name)
        sizes = sizes_for(row, side) if asked.size == "auto" else (asked.size,)
        found.append((row, at_hand(row) if is_open else find_weights(row), sizes))
    return found


def _passes(
    asked: Asked, side: int, most_macs: float
) -> Iterator[tuple[Readings, tuple[Request, ...]]]:
    """Each backbone's smallest size first, then each one's second: none waits for another."""
    backbones = _backbones(asked, side)
    for turn in range(max(len(sizes) for _, _, sizes in backbones)):
        for row, weights, sizes in backbones:
            if turn >= len(sizes):
                continue
            size = sizes[turn]
            requests = stage_ends(row, size, taps=asked.taps, grids=asked.grids)
            cheap = tuple(r for r in requests if row.macs(r[0], size) <= most_macs)
            if turn == 0:  # a backbone that is too dear at any size has its cheapest plan listed
                cheap = cheap or requests[:1]
            if cheap:
                yield Readings(row=row, weights=weights, size=size), cheap


def stage_ends(
    row: Backbone, size: int, *, taps: Sequence[str] | str, grids: Sequence[int] | str
) -> tuple[Request, ...]:
    """The last tap of every stage, on the coarsest and on the finest grid that are sensible.

    Args:
        row: The backbone.
        size: Side in pixels of what it sees.
        taps: Only these, or `auto`.
        grids: Only these, or `auto`.
    """
    allowed = requests_for(
        row,
        size,
        taps=None if isinstance(taps, str) else taps,
        grids=None if isinstance(grids, str) else grids,
    )
    if not isinstance(taps, str):
        return allowed
    last = {(tap.stride, tap.channels): tap.name for tap in row.taps}
    found = []
    for name in last.values():
        of_tap = [grid for tap, grid in allowed if tap == name]
        found += [(name, grid) for grid in sorted({min(of_tap), max(of_tap)})] if of_tap else []
    return tuple(found)


def _best_of(readings: Readings, requests: Sequence[Request], probe: ImageSet) -> Listed:
    """The most accurate plan of a pass; of equal ones the cheapest, then the narrowest."""
    n_classes = len(probe.class_names)
    plans = [single(readings.row, readings.size, request) for request in requests]
    accuracy = {
        plan.requests: float(
            left_out_correct(gram(readings.of(plan)), probe.labels, n_classes).mean()
        )
        for plan in plans
        if n_features(plan) <= MAX_FEATURES or len(plans) == 1
    }
    best = min(
        (plan for plan in plans if plan.requests in accuracy),
        key=lambda plan: (-accuracy[plan.requests], macs(plan), n_features(plan)),
    )
    listed = Listed(
        choice=best,
        weights=readings.weights,
        features=readings.of(best),
        labels=probe.labels,
        accuracy=accuracy[best.requests],
    )
    readings.release()
    return listed


def _first(ranked: Sequence[Listed]) -> tuple[Listed, ...]:
    taken: list[Listed] = []
    for plan in ranked:
        of_backbone = sum(other.choice.row is plan.choice.row for other in taken)
        if of_backbone < MOST_A_BACKBONE and len(taken) < MOST:
            taken.append(plan)
    return tuple(taken)

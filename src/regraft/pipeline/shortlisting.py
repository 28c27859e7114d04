"""Plans that may be worth fine-tuning: what a few pictures say about them while they are frozen.

Every backbone at hand is cut where the default plan cuts it, at several sizes. What the machine
cannot train on all pictures in the time is left out by its multiply-adds alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from regraft.backbones.table import get
from regraft.backbones.weights import Weights, find_weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline, OutOfTime
from regraft.errors import (
    InvalidArgumentError,
    WeightsUnavailableError,
    expected_received,
)
from regraft.features.runtimes.choose import RUNTIMES
from regraft.observer import Observer
from regraft.pipeline.request import Request
from regraft.planning.default import Choice, choose, typical_side
from regraft.planning.halving import A_CLASS
from regraft.planning.passes import Readings
from regraft.planning.peak import product_macs_per_second
from regraft.planning.probe import hold, nested_rows
from regraft.planning.run import Note, at_hand, backbones_at_hand, with_taps
from regraft.planning.screen import gram, left_out_correct
from regraft.planning.space import macs, sizes_for
from regraft.records import FloatArray, IntArray, Split

PICTURES = 600  # read in every pass: tells plans apart that differ by two points or more
MOST, MOST_A_BACKBONE = 4, 2  # plans listed
# Passes over the training pictures that the time must hold: with fewer, a plan does not get to move
# its features far enough. More than these add less than a plan that learns more from a picture.
# (MNIST: EfficientNet-Lite0 at 32 px learns nothing more after the fourth of the 29 that 20 minutes
# hold; VGG16 at 32 px is ahead of that after the first.)
LEAST_EPOCHS = 3.0
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
    asked: Request,
    seconds: float,
    training_seconds: float,
    observer: Observer,
) -> tuple[Listed, ...]:
    """The most accurate frozen plans of which fine-tuning can see all pictures, best first.

    Args:
        images: All pictures.
        split: Only training pictures are looked at.
        asked: What of the plan is named, and the seed.
        seconds: For all passes but the first, which also starts TensorFlow; a pass that has begun
            stops between two batches.
        training_seconds: That fine-tuning will have, about.
        observer: Is told what was found.
    """
    most_macs = _most_macs(training_seconds, len(split.train))
    plans = candidates(images, asked, most_macs=most_macs, note=observer.note)
    if not plans:
        at = "" if asked.size == "auto" else f" at {asked.size} px"
        step = "Name a larger --size, or a backbone." if at else "Name a backbone."
        raise InvalidArgumentError(
            expected_received(f"a network to fine-tune{at}", "none whose weights are here", step)
        )
    n = max(PICTURES, A_CLASS * len(images.class_names))
    rows = nested_rows(images.labels, split.train, seed=asked.seed)[:n]
    largest = max(choice.size for choice, _ in plans)
    probe, _ = hold(images.take(rows), n=len(rows), reduce_to=largest)
    found: list[Listed] = []
    deadline = Deadline(float("inf"))  # something must be listed
    for choice, weights in plans:
        try:
            deadline.check()
            found.append(_read(choice, weights, probe, deadline))
        except OutOfTime:
            break
        if len(found) == 1:
            deadline = Deadline(seconds)
        observer.note(f"Frozen: {named(choice)}: {found[-1].accuracy:.3f}.")
    return _first(sorted(found, key=lambda plan: (-plan.accuracy, macs(plan.choice))))


def named(choice: Choice) -> str:
    """A plan in a few words."""
    taps = " + ".join(f"{tap} {grid}x{grid}" for tap, grid in choice.requests)
    return f"{choice.row.name} at {choice.size} px, {taps}"


def candidates(
    images: ImageSet, asked: Request, *, most_macs: float, note: Note
) -> list[tuple[Choice, Weights]]:
    """The default plan of every backbone at every size that is cheap enough.

    Each backbone's smallest size first, then each one's second: none waits for another. A backbone
    that is too dear at any size keeps its smallest: the bound is an estimate.

    Args:
        images: The pictures; a few are read if their size is not known.
        asked: What of the plan is named.
        most_macs: Multiply-adds a picture that there is time for.
        note: Is told of networks that are left out.
    """
    side = typical_side(images)
    is_open = asked.backbone == "auto"
    by_backbone: list[Iterator[tuple[Choice, Weights]]] = []
    taps = () if asked.taps == "auto" else asked.taps
    for name in with_taps(backbones_at_hand(), taps) if is_open else (asked.backbone,):
        row = get(name)
        sizes = sizes_for(row, side) if asked.size == "auto" else (asked.size,)
        if is_open and asked.size != "auto" and asked.size < row.smallest_size:
            continue  # nobody named this network
        plans = [
            choose(images, backbone=name, size=size, taps=asked.taps, grids=asked.grids)
            for size in sizes
        ]
        plans = [plan for plan in plans if _has_cells(plan)] or plans[-1:]  # it says what is wrong
        cheap = [plan for plan in plans if macs(plan) <= most_macs] or plans[:1]
        try:
            weights = at_hand(row) if is_open else find_weights(row)
        except WeightsUnavailableError as error:
            if not is_open:
                raise
            note(f"{row.name} is left out: {error}")
            continue
        by_backbone.append(iter([(plan, weights) for plan in cheap]))
    found: list[tuple[Choice, Weights]] = []
    while by_backbone:
        turn = [(plans, next(plans, None)) for plans in by_backbone]
        by_backbone = [plans for plans, plan in turn if plan is not None]
        found += [plan for _, plan in turn if plan is not None]
    return found


def _has_cells(plan: Choice) -> bool:
    """Has every map as many cells a side as its grid asks for?"""
    return all(grid <= max(1, plan.size // plan.row.tap(tap).stride) for tap, grid in plan.requests)


def _most_macs(training_seconds: float, n_train: int) -> float:
    """Multiply-adds a picture with which the least number of epochs fits, at the very best."""
    steps = _BFLOAT16 * product_macs_per_second() * training_seconds
    return steps / (_OF_A_PASS * LEAST_EPOCHS * n_train)


def _read(choice: Choice, weights: Weights, probe: ImageSet, deadline: Deadline) -> Listed:
    readings = Readings(row=choice.row, weights=weights, size=choice.size)
    readings.extend(probe, len(probe), choice.requests, RUNTIMES["tensorflow"], deadline)
    features = readings.of(choice)
    right = left_out_correct(gram(features), probe.labels, len(probe.class_names))
    return Listed(
        choice=choice,
        weights=weights,
        features=features,
        labels=probe.labels,
        accuracy=float(right.mean()),
    )


def _first(ranked: Sequence[Listed]) -> tuple[Listed, ...]:
    taken: list[Listed] = []
    for plan in ranked:
        of_backbone = sum(other.choice.row is plan.choice.row for other in taken)
        if of_backbone < MOST_A_BACKBONE and len(taken) < MOST:
            taken.append(plan)
    return tuple(taken)

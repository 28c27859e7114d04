"""`auto`: search for the plan that will have done best when the budget is used up, and read it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights, find_weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.features.cache import default_folder
from regraft.features.extract import Extraction
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.choose import choose_runtime
from regraft.features.within import extract_within
from regraft.heads.choose_l2 import near_l2
from regraft.heads.subsample import stratified_rows
from regraft.observer import Observer
from regraft.planning.default import Auto, Choice
from regraft.planning.growth import Resources, expected_accuracy, wide_power
from regraft.planning.outcome import Scored, Seen
from regraft.planning.precision import PICTURES, WORTH_IT, choose_precision
from regraft.planning.probe import nested_rows
from regraft.planning.run import Space, at_hand, backbones_at_hand, search_plans
from regraft.planning.space import n_features
from regraft.records import IntArray, Split

LEAST_BUDGET = 60.0  # seconds: in less, a search would only take time from the fit
FEW = 10_000  # pictures: with one backbone, the default plan is known to do well on fewer
SEARCH_SHARE = 0.45  # of the budget
LEFT_OVER = 0.8  # of the time that no likely plan would use may go into a better choice
RESERVE = 6.0  # seconds to score, save, and hash
MARGIN = 0.92  # of the time left is planned with: the machine may be busier than the probe was
LOAD_SECONDS = 6.0  # to build and convert a network, until it was measured
MOST_VALIDATION = 2_000  # pictures that the penalty is chosen on: more would not choose better
# Read whatever the clock says, the training pictures first: a head, and a figure for it.
FIRST_TRAIN, LEAST_TEST = 1_000, 500
_MEMORY_SHARE = 0.25  # of the machine's memory may be features

# Where there are many pictures, the search reads in bfloat16 if the processor has it: about twice
# as fast as TensorFlow (benchmarks/extract.py).
SCREENED_IN = "bfloat16"
_TIMES_TENSORFLOW = 2.2
# Whether the plan chosen bears it, or int8, is asked in a part of the time that is left: reading
# the probe in float32, bfloat16 and int8 takes as long as so many pictures in bfloat16, and
# quantising and the heads some seconds.
_ASKING_READS, _ASKING_SECONDS, _MOST_FOR_ASKING = 3.5 * PICTURES, 12.0, 0.4
_HOPED_OF_INT8 = 1.4  # times as fast as the search: int8 is 1.5 to 2 times, and not always borne


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Planned:
    """A plan that was searched for, and what is needed to carry it out."""

    best: Scored
    weights: Weights
    runtime: Runtime  # in float32
    is_screened_lower: bool  # the search read in a lower precision
    pool: "_Pool"
    seen: Seen
    floors: dict[str, float]

    @property
    def l2_per_feature(self) -> tuple[float, ...]:
        """Penalties worth trying: the one the search found best, and its neighbours."""
        return near_l2(self.best.l2_per_feature)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Read:
    """What of the data was read in time."""

    images: ImageSet
    split: Split  # of these; its training part holds validation pictures that were not needed
    features: Extraction


def is_worth_a_search(
    images: ImageSet, *, backbone: str, parts: Sequence[object], budget: float
) -> bool:
    """Whether `auto` means a search here, and not the documented default.

    Args:
        images: The pictures.
        backbone: A name or `auto`.
        parts: Size, taps and grids, each as named or `auto`.
        budget: Seconds.
    """
    is_joined = any(isinstance(part, tuple) and len(part) > 1 for part in parts)
    if "auto" not in (backbone, *parts) or is_joined or budget < LEAST_BUDGET:
        return False  # several taps or grids named: they are to be read together
    n_backbones = len(backbones_at_hand()) if backbone == "auto" else 1
    return n_backbones > 1 or len(images) > FEW


def search_in_budget(
    images: ImageSet,
    split: Split,
    *,
    backbone: str,
    size: int | Auto,
    taps: tuple[str, ...] | Auto,
    grids: tuple[int, ...] | Auto,
    runtime: str,
    deadline: Deadline,
    seed: int,
    observer: Observer,
) -> Planned:
    """Search in a part of the time left for the plan that does best with the rest of it.

    A plan is worth the accuracy expected with as many training pictures as it can read: a cheap one
    with all pictures may beat a dear one with few.

    Args:
        images: All pictures.
        split: Of all pictures.
        backbone: A name or `auto`, as the following.
        size: Side in pixels.
        taps: Names of layers.
        grids: Cells a side, one for all taps or one a tap.
        runtime: `auto` or a name.
        deadline: When the artefact should be written.
        seed: Decides samples and folds.
        observer: Is told how it goes.

    Raises:
        BudgetTooShortError: As `search_plans`.
        InvalidArgumentError: As `search_plans`.
    """

    def weights_of(row: Backbone) -> Weights:
        return at_hand(row) if backbone == "auto" else find_weights(row)

    engine = choose_runtime(runtime, folder=default_folder())
    pool = _Pool.of(images, split, seed=seed)
    screening = _screening(engine, pool)
    is_lower = screening is not engine
    planned = deadline.left() * (1 - SEARCH_SHARE)
    afterwards = pool.resources(planned)

    def worth(scored: Scored, seen: Seen) -> float:
        hoped = _hoped(scored) if is_lower else scored
        n_train, _ = _share(_asked(afterwards, scored, is_lower), hoped, seen)
        power = wide_power(seen.power, n_features(scored.choice), usual=seen.width)
        return expected_accuracy(scored.error, seen=scored.n_fitted, rows=n_train, power=power)

    def left_over(scored: Scored, seen: Seen) -> float:
        needed = afterwards.needed(
            (_hoped(scored) if is_lower else scored).images_per_second,
            n_features(scored.choice),
            seconds_per_value=seen.seconds_per_value,
        )
        asking = _asking_seconds(scored) if is_lower else 0.0
        return LEFT_OVER * (deadline.left() - RESERVE - asking - needed / MARGIN)

    found = search_plans(
        images,
        split,
        space=Space(
            backbones=None if backbone == "auto" else (backbone,),
            sizes=None if size == "auto" else (size,),
            taps=None if taps == "auto" else taps,
            grids=None if grids == "auto" else grids,
        ),
        deadline=deadline.after(SEARCH_SHARE),
        runtime=screening,
        weights=weights_of,
        seed=seed,
        note=observer.note,
        worth=worth,
        ideal_seconds=afterwards.seconds / pool.n,
        times_tensorflow=_TIMES_TENSORFLOW if is_lower else 1.0,
        left_over=left_over,
    )
    best = found.best
    observer.note(
        f"Searched {len(found.candidates):,} plans in {found.seconds:.0f} s. Best for this budget: "
        f"{best.accuracy:.3f} on {len(best.correct):,} pictures left out, "
        f"{best.images_per_second:,.0f} pictures a second."
    )
    return Planned(
        best=best,
        weights=weights_of(best.choice.row),
        runtime=engine,
        is_screened_lower=is_lower,
        pool=pool,
        seen=found.seen,
        floors=dict(found.floors),
    )


def read_in_budget(
    planned: Planned, images: ImageSet, *, deadline: Deadline, observer: Observer
) -> Read:
    """Read what there is time for, and leave time for the head.

    Args:
        planned: The plan.
        images: All pictures.
        deadline: When the artefact should be written.
        observer: Is told what does not fit, and how it goes.
    """
    pool, choice = planned.pool, planned.best.choice
    runtime, pace = _in_precision(planned, images, deadline, observer)
    best = planned.best if pace is None else replace(planned.best, images_per_second=pace)
    n_train, n_test = _share(pool.resources(deadline.left()), best, planned.seen)
    n_test = max(n_test, min(LEAST_TEST, len(pool.test)))
    n_train = max(min(n_train, _most_in_memory(choice) - n_test), min(FIRST_TRAIN, len(pool.train)))
    _say_what_fits(observer, pool, n_train, n_test)
    rows = pool.rows(n_train, n_test)
    for_head = n_train * n_features(choice) * planned.seen.seconds_per_value
    features = extract_within(
        deadline.before(RESERVE + for_head),
        images.take(rows),
        row=choice.row,
        weights=planned.weights,
        size=choice.size,
        requests=choice.requests,
        runtime=runtime,
        at_least=len(pool.validation) + FIRST_TRAIN + LEAST_TEST,
        progress=lambda done, total: observer.advance("extract", done, total),
    )
    n_read = len(next(iter(features.values())))
    if n_read < len(rows):
        observer.note(f"Time was up: {n_read:,} of {len(rows):,} pictures were read.")
    return Read(
        images=images.take(rows[:n_read]),
        split=pool.split(n_train, n_test, n_read),
        features=features,
    )


def _screening(engine: Runtime, pool: "_Pool") -> Runtime:
    if pool.n < WORTH_IT:
        return engine
    return next((lower for lower in engine.faster() if lower.precision == SCREENED_IN), engine)


def _hoped(scored: Scored) -> Scored:
    return replace(scored, images_per_second=_HOPED_OF_INT8 * scored.images_per_second)


def _asking_seconds(scored: Scored) -> float:
    return _ASKING_SECONDS + _ASKING_READS / scored.images_per_second


def _asked(resources: Resources, scored: Scored, is_lower: bool) -> Resources:
    """What is left once the precision is known."""
    asking = _asking_seconds(scored) if is_lower else 0.0
    return replace(resources, seconds=max(0.0, resources.seconds - asking))


def _in_precision(
    planned: Planned, images: ImageSet, deadline: Deadline, observer: Observer
) -> tuple[Runtime, float | None]:
    """What will compute the features, and its pace if it was measured."""
    if not planned.is_screened_lower:
        return planned.runtime, None
    return choose_precision(
        images.take(planned.pool.train),
        planned.best.choice,
        planned.runtime,
        weights=planned.weights,
        n_classes=len(images.class_names),
        seed=0,  # the rows are in an order that the seed decided
        folder=default_folder(),
        note=observer.note,
        deadline=deadline.after(_MOST_FOR_ASKING),
        l2_per_feature=planned.l2_per_feature,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Pool:
    """The pictures in the order they are read in: every beginning of a part is stratified."""

    train: IntArray
    validation: IntArray
    test: IntArray

    @classmethod
    def of(cls, images: ImageSet, split: Split, *, seed: int) -> "_Pool":
        few = stratified_rows(images.labels[split.validation], MOST_VALIDATION, seed=seed)
        validation = split.validation[few]
        learnt = np.concatenate([split.train, np.setdiff1d(split.validation, validation)])
        return cls(
            train=nested_rows(images.labels, learnt, seed=seed),
            validation=validation,
            test=nested_rows(images.labels, split.test, seed=seed),
        )

    @property
    def n(self) -> int:
        return len(self.train) + len(self.validation) + len(self.test)

    def resources(self, seconds: float) -> Resources:
        return Resources(
            seconds=max(0.0, MARGIN * (seconds - RESERVE)),
            n_train=len(self.train),
            n_validation=len(self.validation),
            n_test=len(self.test),
            load_seconds=LOAD_SECONDS,
        )

    def rows(self, n_train: int, n_test: int) -> IntArray:
        """Validation, a little training, test, and the rest of the training."""
        first = min(FIRST_TRAIN, n_train)
        parts = (self.validation, self.train[:first], self.test[:n_test], self.train[first:n_train])
        return np.concatenate(parts)

    def split(self, n_train: int, n_test: int, n_read: int) -> Split:
        """How the first `n_read` of `rows` are parted."""
        order = np.arange(n_read)
        at = len(self.validation)
        first = min(FIRST_TRAIN, n_train)
        test = slice(at + first, at + first + n_test)
        return Split(
            train=np.concatenate([order[at : test.start], order[test.stop :]]),
            validation=order[:at],
            test=order[test],
        )


def _share(resources: Resources, scored: Scored, seen: Seen) -> tuple[int, int]:
    return resources.share(
        scored.images_per_second,
        n_features(scored.choice),
        seconds_per_value=seen.seconds_per_value,
    )


def _most_in_memory(choice: Choice) -> int:
    """Pictures whose features may be held at once."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        memory = 8 * 10**9
    return int(_MEMORY_SHARE * memory / (4 * n_features(choice)))


def _say_what_fits(observer: Observer, pool: _Pool, n_train: int, n_test: int) -> None:
    if n_train < len(pool.train):
        observer.note(
            f"Training: {n_train:,} of {len(pool.train):,} pictures fit in the budget, a "
            "stratified part."
        )
    if n_test < len(pool.test):
        observer.note(
            f"Test: {n_test:,} of {len(pool.test):,} pictures, a stratified part: scoring all "
            "would take more than half of the time left."
        )

"""Features for a head: of the plan named, of the default one, or of one that is searched for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from regraft.backbones.weights import Weights, find_weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.errors import BudgetTooShortError
from regraft.evaluate.cost import Clock
from regraft.features.cache import FeatureCache, default_folder
from regraft.features.extract import Extraction, extract, forecast
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.choose import choose_runtime
from regraft.heads.choose_l2 import L2_PER_FEATURE
from regraft.observer import Observer
from regraft.pipeline.aiming import aim, is_open
from regraft.pipeline.choosing import is_worth_a_search, search_in_budget
from regraft.pipeline.parting import some_of
from regraft.pipeline.reading import read_in_budget
from regraft.pipeline.request import Request, Work
from regraft.planning.default import Choice, choose
from regraft.planning.precision import WORTH_IT, choose_precision
from regraft.planning.probe import nested_rows
from regraft.records import Split

_FORECAST_AFTER_SECONDS = 5.0  # one from less is noise


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ready:
    """A plan, and the features it reads."""

    choice: Choice
    weights: Weights
    images: ImageSet  # whose features these are
    split: Split  # of them
    features: Extraction
    l2_per_feature: tuple[float, ...] = L2_PER_FEATURE  # penalties worth trying
    floors: dict[str, float] | None = None  # where they are known already
    is_searched: bool = False
    compared: dict[str, Any] | None = None  # the plans that a search for a head compared
    race: tuple[dict[str, Any], ...] = ()  # what the plan was chosen by, if it is to be fine-tuned


def prepare(work: Work, images: ImageSet, split: Split, clock: Clock, observer: Observer) -> Ready:
    """Search for a plan where that is worth it, else take what is named; read the features.

    Args:
        work: What was asked for.
        images: All pictures.
        split: Of all pictures.
        clock: Counts the stages `search` and `extract`.
        observer: Is told how it goes.

    Raises:
        RegraftError: As `search_plans`, `choose`, `find_weights` and `extract`.
    """
    request = work.request
    if is_open(work, images):
        with clock.stage("search"):
            found = aim(work, images, split, observer)
        named = replace(work, request=request.with_plan(found.choice))
        ready = prepare(named, images, split, clock, observer)
        return replace(ready, is_searched=True, race=found.race)
    # a run of fixed length may not depend on a clock
    may_search = request.mode != "finetune" and request.weights is None and request.epochs is None
    if may_search and is_worth_a_search(
        images,
        backbone=request.backbone,
        parts=(request.size, request.taps, request.grids),
        budget=work.end - time.monotonic(),
    ):
        try:
            return _searched(work, images, split, clock, observer)
        except BudgetTooShortError:
            observer.note("No time to search: the default plan is taken.")
    choice = choose(
        images,
        backbone=request.backbone,
        size=request.size,
        taps=request.taps,
        grids=request.grids,
    )
    weights = find_weights(choice.row, path=request.weights)
    _describe_plan(observer, images, choice, weights)
    known, parts = images, split
    if work.begins_with_head:
        known, parts = some_of(images, split, seed=request.seed)
    runtime = choose_runtime(request.runtime, folder=default_folder(), note=observer.note)
    # a head that fine-tuning begins with is few pictures, and its run may not depend on a clock
    if len(known) >= WORTH_IT and not work.begins_with_head:
        with clock.stage("precision"):
            runtime = _in_precision(known, parts, choice, weights, runtime, request, observer)
    with clock.stage("extract"):
        features = extract(
            known,
            row=choice.row,
            weights=weights,
            size=choice.size,
            requests=choice.requests,
            runtime=runtime,
            is_named=request.runtime != "auto",
            cache=FeatureCache(),
            progress=_extraction_progress(observer, request.budget),
        )
    return Ready(choice=choice, weights=weights, images=known, split=parts, features=features)


def _in_precision(
    images: ImageSet,
    split: Split,
    choice: Choice,
    weights: Weights,
    engine: Runtime,
    request: Request,
    observer: Observer,
) -> Runtime:
    """The runtime asked for, in the precision that this plan bears."""
    runtime, _ = choose_precision(
        images.take(nested_rows(images.labels, split.train, seed=request.seed)),
        choice,
        engine,
        is_named=request.runtime != "auto",
        weights=weights,
        n_classes=len(images.class_names),
        seed=request.seed,
        folder=default_folder(),
        note=observer.note,
        n_to_read=len(images),
    )
    return runtime


def _searched(
    work: Work, images: ImageSet, split: Split, clock: Clock, observer: Observer
) -> Ready:
    request, deadline = work.request, Deadline(work.end - time.monotonic())
    with clock.stage("search"):
        planned = search_in_budget(
            images,
            split,
            backbone=request.backbone,
            size=request.size,
            taps=request.taps,
            grids=request.grids,
            runtime=request.runtime,
            deadline=deadline,
            seed=request.seed,
            observer=observer,
        )
    choice = planned.best.choice
    _describe_plan(observer, images, choice, planned.weights)
    with clock.stage("extract"):
        read = read_in_budget(planned, images, deadline=deadline, observer=observer)
    return Ready(
        choice=choice,
        weights=planned.weights,
        images=read.images,
        split=read.split,
        features=read.features,
        l2_per_feature=planned.l2_per_feature,
        floors=planned.floors,
        is_searched=True,
        compared=planned.compared,
    )


def _describe_plan(observer: Observer, images: ImageSet, choice: Choice, weights: Weights) -> None:
    """What is about to be done and what it needs, before anything large is allocated."""
    taps = " + ".join(f"{tap} {grid}x{grid}" for tap, grid in choice.requests)
    observer.note(
        f"Plan: {choice.row.name} at {choice.size} px, read at {taps}; weights: {weights.origin}."
    )
    needs = forecast(images, row=choice.row, size=choice.size, requests=choice.requests)
    observer.note(
        f"Forecast: {needs.features / 1e6:,.0f} MB of features, "
        f"{needs.working / 1e6:,.0f} MB of memory for pictures on their way."
    )


def _extraction_progress(observer: Observer, budget: float) -> Callable[[int, int], None]:
    """Passes progress on, and says once when the forecast exceeds the budget."""
    first: tuple[int, float] | None = None  # the first batches also start the runtime
    has_spoken = False

    def progress(done: int, total: int) -> None:
        nonlocal first, has_spoken
        observer.advance("extract", done, total)
        now = time.perf_counter()
        if first is None:
            first = (done, now)
        elapsed = now - first[1]
        if has_spoken or elapsed < _FORECAST_AFTER_SECONDS:
            return
        has_spoken = True
        seconds = elapsed * total / (done - first[0])
        if seconds > budget:
            observer.note(
                f"Extraction will take about {seconds / 60:.0f} minutes, more than the budget of "
                f"{budget / 60:.0f}: --limit, a smaller --size or an earlier --tap is faster."
            )

    return progress

"""Reading what there is time for of a plan that was searched for."""

from dataclasses import dataclass, replace

from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.features.cache import default_folder
from regraft.features.extract import Extraction
from regraft.features.runtimes import Runtime
from regraft.features.within import extract_within
from regraft.memory import physical_memory
from regraft.observer import Observer
from regraft.pipeline.choosing import Planned, best_share
from regraft.pipeline.pool import FIRST_TRAIN, LEAST_TEST, RESERVE, Pool
from regraft.pipeline.screening import MOST_FOR_ASKING
from regraft.planning.default import Choice
from regraft.planning.precision import choose_precision
from regraft.planning.space import n_features
from regraft.records import Split

_MEMORY_SHARE = 0.25  # of the machine's memory may be features


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Read:
    """What of the data was read in time."""

    images: ImageSet
    split: Split  # of these; its training part holds validation pictures that were not needed
    features: Extraction


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
    n_train, n_test = best_share(pool.resources(deadline.left()), best, planned.seen)
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
        is_named=planned.is_named,
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


def _in_precision(
    planned: Planned, images: ImageSet, deadline: Deadline, observer: Observer
) -> tuple[Runtime, float | None]:
    """What will compute the features, and its pace if it was measured."""
    if not planned.screening.is_lower:
        return planned.screening.engine, None
    return choose_precision(
        images.take(planned.pool.train),
        planned.best.choice,
        planned.screening.engine,
        is_named=planned.is_named,
        weights=planned.weights,
        n_classes=len(images.class_names),
        seed=0,  # the rows are in an order that the seed decided
        folder=default_folder(),
        note=observer.note,
        n_to_read=planned.pool.n,
        deadline=deadline.after(MOST_FOR_ASKING),
        l2_per_feature=planned.l2_per_feature,
    )


def _most_in_memory(choice: Choice) -> int:
    """Pictures whose features may be held at once."""
    return int(_MEMORY_SHARE * physical_memory() / (4 * n_features(choice)))


def _say_what_fits(observer: Observer, pool: Pool, n_train: int, n_test: int) -> None:
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

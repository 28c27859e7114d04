"""`auto`: search for the plan that will have done best when the budget is used up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights, find_weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.features.cache import default_folder
from regraft.features.runtimes.choose import choose_runtime, times_tensorflow
from regraft.heads.choose_l2 import near_l2
from regraft.heads.hidden import MACS_A_FEATURE
from regraft.observer import Observer
from regraft.pipeline.pool import MARGIN, RESERVE, Pool
from regraft.pipeline.screening import Screening
from regraft.pipeline.second_head import LEAST_ROWS, VARIED_EPOCHS
from regraft.planning.default import Auto
from regraft.planning.growth import Resources, expected_with
from regraft.planning.outcome import Scored, Seen
from regraft.planning.peak import product_macs_per_second
from regraft.planning.run import Space, at_hand, backbones_at_hand, search_plans
from regraft.planning.space import n_features
from regraft.records import Split

LEAST_BUDGET = 60.0  # seconds: in less, a search would only take time from the fit
FEW = 10_000  # pictures: with one backbone, the default plan is known to do well on fewer
SEARCH_SHARE = 0.45  # of the budget
_OF_PEAK = 0.4  # multiply-adds of training a hidden layer in the time of one of a product
# Mistakes that a second head spares: 6% to 17% as pictures are (decisions 17 and 19), up to 35%
# where it learns from varied ones as well.
_OF_SECOND_HEAD = 0.15
LEFT_OVER = 0.8  # of the time that no likely plan would use may go into a better choice


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Planned:
    """A plan that was searched for, and what is needed to carry it out."""

    best: Scored
    weights: Weights
    screening: Screening
    is_named: bool  # the runtime, by the user
    pool: Pool
    seen: Seen
    floors: dict[str, float]
    compared: dict[str, Any]  # `SearchResult.compared`

    @property
    def l2_per_feature(self) -> tuple[float, ...]:
        """Penalties worth trying: the one the search found best, and its neighbours."""
        return near_l2(self.best.l2_per_feature)


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

    A plan is worth the accuracy expected with as many training pictures as it can read, and with a
    second head if that fits as well: a cheap one with all that may beat a dear one with less.

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
        RuntimeMismatchError: As `search_plans`.
    """

    def weights_of(row: Backbone) -> Weights:
        return at_hand(row) if backbone == "auto" else find_weights(row)

    pool = Pool.of(images, split, seed=seed)
    engine = choose_runtime(runtime, folder=default_folder(), note=observer.note)
    pace = times_tensorflow(engine, default_folder())
    screening = Screening.of(engine, n_images=pool.n, times_tensorflow=pace)
    peak = product_macs_per_second()
    afterwards = pool.resources(deadline.left() * (1 - SEARCH_SHARE))

    def worth(scored: Scored, seen: Seen) -> float:
        left = pool.resources(deadline.left() - seen.seconds_to_go)
        resources = screening.after_asking(left, scored)
        return expected_in(resources, screening.hoped(scored), seen, peak=peak)

    def left_over(scored: Scored, seen: Seen) -> float:
        hoped = screening.hoped(scored)
        needed = seconds_needed(afterwards, hoped, seen)
        needed += second_head_seconds(hoped, n_train=len(pool.train), peak=peak)
        free = deadline.left() - RESERVE - screening.asking_seconds(scored) - needed / MARGIN
        return LEFT_OVER * free

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
        runtime=screening.runtime,
        is_named=runtime != "auto",
        weights=weights_of,
        seed=seed,
        note=observer.note,
        worth=worth,
        ideal_seconds=afterwards.seconds / pool.n,
        times_tensorflow=screening.times_tensorflow,
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
        screening=screening,
        is_named=runtime != "auto",
        pool=pool,
        seen=found.seen,
        floors=dict(found.floors),
        compared=found.compared(),
    )


def expected_in(resources: Resources, scored: Scored, seen: Seen, *, peak: float) -> float:
    """Accuracy expected of a plan with what there is time to read, and of a second head, in part.

    Args:
        resources: Pictures, and the time.
        scored: The plan, at the pace that it will be read at.
        seen: Of the search.
        peak: Multiply-adds a second of a matrix product.
    """
    n_train, _ = best_share(resources, scored, seen)
    error = 1 - expected_with(n_train, scored, seen)
    second = second_head_seconds(scored, n_train=n_train, peak=peak)
    free = max(0.0, resources.seconds - seconds_needed(resources, scored, seen))
    part = min(free / second, 1.0) if second else 0.0
    return 1 - error * (1 - _OF_SECOND_HEAD * part)


def second_head_seconds(scored: Scored, *, n_train: int, peak: float) -> float:
    """What a head with a hidden layer and its varied pictures are worth waiting for.

    Args:
        scored: The plan.
        n_train: Pictures to learn from.
        peak: Multiply-adds a second of a matrix product.
    """
    if n_train < LEAST_ROWS:
        return 0.0
    a_row = MACS_A_FEATURE * n_features(scored.choice) / (_OF_PEAK * peak)
    return n_train * (1 / scored.images_per_second + 2 * VARIED_EPOCHS * a_row)


def seconds_needed(resources: Resources, scored: Scored, seen: Seen) -> float:
    """To read all pictures with a plan, and to fit the linear head."""
    return resources.needed(
        scored.images_per_second,
        n_features(scored.choice),
        seconds_per_value=seen.seconds_per_value,
    )


def best_share(resources: Resources, scored: Scored, seen: Seen) -> tuple[int, int]:
    """How many training and test pictures of a plan to read with the resources left."""
    return resources.share(
        scored.images_per_second,
        n_features(scored.choice),
        seconds_per_value=seen.seconds_per_value,
    )

"""`search`: which backbone, size, taps and grids suit some pictures, and what each plan costs."""

from collections.abc import Sequence

from regraft.backbones.table import get
from regraft.data.open import Data, OnBadImage, open_data
from regraft.deadline import Deadline
from regraft.errors import InvalidArgumentError, expected_received
from regraft.features.cache import default_folder
from regraft.features.runtimes.choose import choose_runtime, times_tensorflow
from regraft.observer import Nobody, Observer
from regraft.pipeline.parting import part
from regraft.planning.growth import expected_with
from regraft.planning.limits import Limits
from regraft.planning.outcome import Scored, SearchResult, Seen
from regraft.planning.run import Space, at_hand, search_plans

SEARCH_SECONDS = 300.0
OF_ONE_PASS = 0.1  # of the time: two or three passes are read far, besides what drops out before


def search(
    data: Data,
    *,
    budget: float = SEARCH_SECONDS,
    backbones: Sequence[str] | None = None,
    sizes: Sequence[int] | None = None,
    max_latency: float | None = None,
    max_size: float | None = None,
    runtime: str = "auto",
    limit: int | None = None,
    seed: int = 0,
    on_bad_image: OnBadImage = "fail",
    progress: Observer | None = None,
) -> SearchResult:
    """Score plans by successive halving, and choose the cheapest of the best.

    The best are those whose accuracy is expected to be highest with all training pictures: wide
    features learn from more of them than narrow ones.

    Args:
        data: As for `fit`. Its test pictures are not looked at.
        budget: Seconds for everything.
        backbones: Names; None for all whose weights are here. Nothing is downloaded.
        sizes: Sides in pixels; None for those that suit the pictures.
        max_latency: Milliseconds that a single picture may take.
        max_size: Megabytes that the artefact's tensors may have.
        runtime: What will compute the features; `auto` takes the fastest that is exact here.
        limit: Use so many pictures, drawn class by class.
        seed: Decides the split, the probe and the folds.
        on_bad_image: `skip` leaves out pictures that cannot be read, and counts them.
        progress: Is told how it goes.

    Raises:
        RegraftError: For anything wrong with the arguments or the data, and where no plan can be
            tried in time or keeps the limits.
    """
    if budget <= 0:
        raise InvalidArgumentError(expected_received("a budget above 0 seconds", f"{budget:g}"))
    for name in backbones or ():
        get(name)  # better known now than after the pictures were read
    deadline = Deadline(budget)
    observer = progress or Nobody()
    images = open_data(data, on_bad_image=on_bad_image, limit=limit, seed=seed)
    split = part(images, seed=seed)
    engine = choose_runtime(runtime, folder=default_folder(), note=observer.note)

    def worth(scored: Scored, seen: Seen) -> float:
        return expected_with(len(split.train), scored, seen)

    return search_plans(
        images,
        split,
        space=Space(
            backbones=None if backbones is None else tuple(backbones),
            sizes=None if sizes is None else tuple(sizes),
        ),
        deadline=deadline,
        runtime=engine,
        is_named=runtime != "auto",
        weights=at_hand,
        seed=seed,
        note=observer.note,
        worth=worth,
        limits=Limits(latency_ms=max_latency, megabytes=max_size),
        ideal_seconds=OF_ONE_PASS * deadline.left() / len(images),
        times_tensorflow=times_tensorflow(engine, default_folder()),
    )

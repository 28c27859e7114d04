"""`fit`: from pictures to a measured classifier in a folder of its own."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from regraft.artefact.classifier import Classifier, make_extractor
from regraft.artefact.results import FitResult
from regraft.artefact.runs import RUNS, require_new, require_writable
from regraft.backbones.weights import Weights, find_weights
from regraft.data.open import Data, OnBadImage, open_data
from regraft.data.source import ImageSet
from regraft.data.text import listed
from regraft.errors import InvalidArgumentError, expected_received
from regraft.evaluate.cost import Clock, peak_memory_bytes
from regraft.evaluate.scores import full_scores, short_scores
from regraft.features.cache import FeatureCache
from regraft.features.extract import extract, forecast
from regraft.heads.choose_l2 import fit_head
from regraft.heads.floors import floors
from regraft.heads.linear import probabilities
from regraft.pipeline.observer import Nobody, Observer
from regraft.pipeline.parting import part
from regraft.pipeline.saving import origin_of, recipe_of, saved
from regraft.planning.default import Auto, Choice, choose
from regraft.records import Split

BUDGET_SECONDS = 300.0

_FORECAST_AFTER_SECONDS = 5.0  # one from less is noise


def fit(
    data: Data,
    *,
    backbone: str = "auto",
    size: int | Auto = "auto",
    tap: str | tuple[str, ...] = "auto",
    grid: int | tuple[int, ...] | Auto = "auto",
    mode: Literal["auto", "head"] = "auto",
    budget: float = BUDGET_SECONDS,
    runtime: str = "auto",
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    on_bad_image: OnBadImage = "fail",
    weights: str | Path | None = None,
    progress: Observer | None = None,
    command: str = "",
) -> FitResult:
    """Fit a classifier on pictures, measure it, and save it as one folder.

    Args:
        data: A name (`digits`, `mnist`, ...), a folder with one sub-folder a class, a manifest,
            an `.npz`, `(x, y)`, or `{"x_train": ..., "y_train": ..., ...}` with uint8 pictures.
        backbone: A name that `regraft backbones` lists; `auto` takes the shipped one.
        size: Side in pixels that pictures are resized to; `auto` goes by how large they are.
        tap: Where in the backbone features are read: one layer or several.
        grid: Cells a side that the map at a tap is averaged to: one for all taps, or one a tap.
        mode: `head` fits a linear head on frozen features, and so does `auto`.
        budget: Seconds. A job whose forecast is longer says so, and goes on.
        runtime: What computes the features; `auto` takes the fastest that is exact here.
        limit: Use so many pictures, drawn class by class.
        seed: Decides the split and the sample.
        out: Folder to write, which must not exist; None means the next free `runs/NAME-N`.
        on_bad_image: `skip` leaves out pictures that cannot be read, and counts them.
        weights: A file of pretrained weights to use instead of the published ones.
        progress: Is told how the job goes.
        command: Recorded in the artefact.

    Returns:
        The classifier, ready to predict, beside its figures and the folder it was saved in.

    Raises:
        RegraftError: For anything wrong with the arguments, the data, the weights or the disk;
            nothing is left half-written.
    """
    if mode not in ("auto", "head"):
        raise InvalidArgumentError(expected_received("a mode of auto or head", repr(mode)))
    observer = progress or Nobody()
    clock = Clock()
    # better known now than after the work
    if out is None:
        require_writable(RUNS)
    else:
        require_new(Path(out))

    with clock.stage("data"):
        images = open_data(data, on_bad_image=on_bad_image, limit=limit, seed=seed)
        split = part(images, seed=seed)
        choice = choose(
            images, backbone=backbone, size=size, taps=_names(tap), grids=_whole_numbers(grid)
        )
        found = find_weights(choice.row, path=None if weights is None else Path(weights))
    _describe(observer, images, split, choice, found)

    with clock.stage("extract"):
        features = extract(
            images,
            row=choice.row,
            weights=found,
            size=choice.size,
            requests=choice.requests,
            runtime=runtime,
            cache=FeatureCache(),
            progress=_extraction_progress(observer, budget),
        )
    if not features.n_computed:
        observer.note("Features: all found in the cache.")
    with clock.stage("head"):
        train, validation = (
            (features.of(choice.requests, rows), images.labels[rows])
            for rows in (split.train, split.validation)
        )
        head = fit_head(*train, validation=validation, n_classes=len(images.class_names))
    with clock.stage("floors"):
        lowest = floors(images, split, seed=seed)
    with clock.stage("test"):
        test = features.of(choice.requests, split.test)
        metrics = {
            "test": full_scores(probabilities(head, test), images.labels[split.test]),
            "validation": short_scores(probabilities(head, validation[0]), validation[1]),
            "floors": lowest,
        }
    with clock.stage("save"):
        recipe = recipe_of(choice, found, features.runtime, head)
        classifier = Classifier(
            recipe=recipe,
            class_names=images.class_names,
            extractor=make_extractor(recipe, found),
            head=head,
            metrics=metrics,
            origin=origin_of(images, split, seed=seed, limit=limit),
        )
        folder = saved(classifier, out, command)
    return FitResult(
        classifier=classifier,
        images=images,
        split=split,
        artefact=folder,
        seconds=clock.seconds(),
        images_per_second=len(images) / max(features.seconds, 1e-9),
        is_from_cache=not features.n_computed,
        peak_memory_bytes=peak_memory_bytes(),
    )


def _describe(
    observer: Observer, images: ImageSet, split: Split, choice: Choice, weights: Weights
) -> None:
    """What is about to be done and what it needs, before anything large is allocated."""
    parts = f"{len(split.train):,} train, {len(split.validation):,} validation"
    observer.note(
        f"Data: {images.name}, {len(images):,} pictures of {len(images.class_names):,} classes "
        f"({parts}, {len(split.test):,} test)."
    )
    if len(split.left_out):
        observer.note(f"Left out: {len(split.left_out):,} pictures that are in a later part, too.")
    if images.bad_images:
        names = listed([bad.name for bad in images.bad_images])
        observer.note(f"Left out: {len(images.bad_images):,} that cannot be read: {names}.")
    taps = " + ".join(f"{tap} {grid}x{grid}" for tap, grid in choice.requests)
    observer.note(
        f"Plan: {choice.row.name} at {choice.size} px, read at {taps}; weights: {weights.origin}."
    )
    needs = forecast(len(images), row=choice.row, size=choice.size, requests=choice.requests)
    observer.note(
        f"Forecast: {needs.features / 1e6:,.0f} MB of features in the cache, "
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


def _names(tap: str | tuple[str, ...]) -> tuple[str, ...] | Auto:
    if isinstance(tap, str):
        return "auto" if tap == "auto" else (tap,)
    return tuple(tap)


def _whole_numbers(grid: int | tuple[int, ...] | Auto) -> tuple[int, ...] | Auto:
    if isinstance(grid, int):
        return (grid,)
    return grid if grid == "auto" else tuple(grid)

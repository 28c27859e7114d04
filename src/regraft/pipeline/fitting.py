"""`fit`: from pictures to a measured classifier in a folder of its own."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from regraft.artefact.results import FitResult
from regraft.artefact.runs import RUNS, how_to_resume, require_new
from regraft.data.likeness import reason_not_compared
from regraft.data.open import Data, OnBadImage, open_data
from regraft.data.source import ImageSet
from regraft.data.split import hold_out_less
from regraft.data.text import listed
from regraft.deadline import Deadline
from regraft.evaluate.cost import Clock
from regraft.finetune.network import Start
from regraft.heads.answers import answer_of
from regraft.heads.floors import floors
from regraft.observer import Nobody, Observer
from regraft.pipeline.finetuning import fine_tune
from regraft.pipeline.finishing import (
    Fitted,
    finish_head,
    finish_tuned,
    fitted_on,
    second_head_of,
)
from regraft.pipeline.frozen import Frozen
from regraft.pipeline.parting import part
from regraft.pipeline.pool import MOST_VALIDATION
from regraft.pipeline.preparing import prepare
from regraft.pipeline.request import Request, Work, plan_of
from regraft.pipeline.running import Run
from regraft.pipeline.second_head import Second
from regraft.planning.default import Auto
from regraft.records import Split
from regraft.storage import require_writable

BUDGET_SECONDS = 300.0
_FOR_SECOND_HEAD = 0.25  # of the time left, before it is asked whether fine-tuning pays


def fit(
    data: Data,
    *,
    backbone: str = "auto",
    size: int | Auto = "auto",
    tap: str | tuple[str, ...] = "auto",
    grid: int | tuple[int, ...] | Auto = "auto",
    mode: Literal["head", "finetune", "auto"] = "head",
    budget: float = BUDGET_SECONDS,
    runtime: str = "auto",
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    on_bad_image: OnBadImage = "fail",
    weights: str | Path | None = None,
    epochs: int | None = None,
    mixup: bool = False,
    tta: bool | None = None,
    progress: Observer | None = None,
    command: str = "",
) -> FitResult:
    """Fit a classifier on pictures, measure it, and save it as one folder.

    Args:
        data: A name (`digits`, `mnist`, ...), a folder with one sub-folder a class, a manifest,
            an `.npz`, `(x, y)`, or `{"x_train": ..., "y_train": ..., ...}` with uint8 pictures.
        backbone: A name that `regraft backbones` lists. Where this, the size, the tap or the grid
            is `auto`, a part of the budget goes to a search over backbones whose weights are
            here; in less than a minute, or for few pictures with one backbone, a default is taken.
        size: Side in pixels that pictures are resized to.
        tap: Where in the backbone features are read: one layer or several.
        grid: Cells a side that the map at a tap is averaged to: one for all taps, or one a tap.
        mode: `head` fits a linear head on frozen features; `finetune` trains the backbone too,
            from such a head on; `auto` does so where a short trial shows that it pays.
        budget: Seconds. Fine-tuning keeps to it; a frozen job whose forecast is longer says so,
            and goes on.
        runtime: What computes the features; `auto` takes the fastest that is exact here.
        limit: Use so many pictures, drawn class by class.
        seed: Decides the split, the sample, and the order and looks of training pictures.
        out: Folder to write, which must not exist; None means the next free `runs/NAME-N`.
        on_bad_image: `skip` leaves out pictures that cannot be read, and counts them.
        weights: A file of pretrained weights to use instead of the published ones.
        epochs: Fine-tune so many, whatever the clock says; the same seed then gives the same
            weights. None means as many as the budget holds.
        mixup: Train on mixtures of two pictures.
        tta: Let every prediction be the mean over several views of a picture, which costs several
            times as much. None does so after fine-tuning where it is measured to help.
        progress: Is told how the job goes.
        command: Recorded in the artefact.

    Returns:
        The classifier, ready to predict, beside its figures and the folder it was saved in.

    Raises:
        RegraftError: For anything wrong with the arguments, the data, the weights or the disk;
            nothing is left half-written.
    """
    began = time.monotonic()
    request = Request(
        data=data,
        backbone=backbone,
        size=size,
        taps=_names(tap),
        grids=_whole_numbers(grid),
        mode=mode,
        budget=budget,
        runtime=runtime,
        limit=limit,
        seed=seed,
        on_bad_image=on_bad_image,
        weights=None if weights is None else Path(weights),
        epochs=epochs,
        mixup=mixup,
        tta=tta,
    )
    work = Work(
        request=request,
        began=began,
        spent=0.0,
        command=command,
        out=None if out is None else Path(out),
    )
    # better known now than after the work
    if work.out is None:
        require_writable(RUNS, option="--out")
    else:
        require_new(work.out)
    observer = progress or Nobody()
    with contextlib.ExitStack() as held:

        def reserve(decided: Mapping[str, Any]) -> Run:
            run = begin(work, decided, observer)
            held.enter_context(run.held())
            held.enter_context(run.unless_in_vain())
            return run

        # at once where it will be needed: it can then be resumed whenever it is killed
        run = reserve({}) if mode == "finetune" else None
        return carry_out(work, run, reserve, observer)


def begin(work: Work, decided: Mapping[str, Any], observer: Observer) -> Run:
    """Reserve the folder of a run, with what was decided already, and say how to go on with it."""
    facts = {"request": work.request.as_json(), "command": work.command, **decided}
    run = Run.begin(work.out, name=work.request.name, facts=facts)
    observer.note(f"Run: {run.folder}; if interrupted: {how_to_resume(run.folder)}")
    return run


def carry_out(
    work: Work, run: Run | None, reserve: Callable[[Mapping[str, Any]], Run], observer: Observer
) -> FitResult:
    """Do what a request asks, from the beginning or from where `run` was interrupted.

    Args:
        work: What was asked for, with the plan that was decided, if it was.
        run: Its folder, if it has one.
        reserve: Makes that folder, given what was decided, once it is known to be needed.
        observer: Is told how it goes.
    """
    request, clock = work.request, Clock()
    with clock.stage("data"):
        images = open_data(
            work.data, on_bad_image=request.on_bad_image, limit=request.limit, seed=request.seed
        )
        split = part(images, seed=request.seed)
        if request.mode != "head":
            split = hold_out_less(images, split, at_most=MOST_VALIDATION, seed=request.seed)
    _describe_data(observer, images, split)
    ready = prepare(work, images, split, clock, observer)
    decided: dict[str, Any] = {}
    if ready.is_searched:  # a run that is resumed must not search again
        decided = {"plan": plan_of(ready.choice), "race": list(ready.race)}
        run = run and run.with_facts(**decided)
    if not ready.features.n_computed:
        observer.note("Features: all found in the cache.")
    with clock.stage("head"):
        fitted = fitted_on(ready)
    with clock.stage("floors"):
        lowest = ready.floors or floors(images, split, seed=request.seed)
    second: Second | None = None
    if request.mode != "head":
        with clock.stage("finetune"):
            if request.mode == "auto":  # what is to be beaten is all that a frozen network can do
                left = _FOR_SECOND_HEAD * (work.end - time.monotonic())
                second = second_head_of(fitted, work, deadline=Deadline(left), observer=observer)
            frozen = Frozen(
                images=images,
                split=split,
                choice=ready.choice,
                weights=ready.weights,
                start=Start.of(fitted.head, fitted.train[0]),
                right=_right_on_validation(fitted, second, images, split),
            )
            made: list[Run] = []

            def reserved() -> Run:
                made.append(reserve(decided))
                return made[0]

            tuned = fine_tune(frozen, work, run, reserved, observer)
        if tuned is not None:
            return finish_tuned(tuned, frozen, fitted, lowest, work, clock, observer)
        run = run or next(iter(made), None)
        if work.tunes:  # the head was only to begin with, and is now all there is
            ready = prepare(replace(work, tunes=False), images, split, clock, observer)
            is_searched = run is not None and "plan" in run.facts  # before an interruption
            fitted = fitted_on(replace(ready, is_searched=is_searched))
            second = None
    return finish_head(fitted, lowest, work, images, split, run, clock, observer, second=second)


def _right_on_validation(
    fitted: Fitted, second: Second | None, images: ImageSet, split: Split
) -> npt.NDArray[np.bool_] | None:
    """Which validation pictures the heads are right on; None if they know a part of them."""
    features, labels = fitted.validation
    if not np.array_equal(labels, images.labels[split.validation]):
        return None
    hidden = None if second is None else second.head
    right: npt.NDArray[np.bool_] = answer_of(fitted.head, hidden, features).argmax(axis=1) == labels
    return right


def _describe_data(observer: Observer, images: ImageSet, split: Split) -> None:
    parts = f"{len(split.train):,} train, {len(split.validation):,} validation"
    observer.note(
        f"Data: {images.name}, {len(images):,} pictures of {len(images.class_names):,} classes "
        f"({parts}, {len(split.test):,} test)."
    )
    if because := reason_not_compared(images.pictures):
        observer.note(f"Nearly identical pictures are not looked for: {because}.")
    if len(split.left_out):
        observer.note(f"Left out: {len(split.left_out):,} pictures that are in a later part, too.")
    if images.bad_images:
        names = listed([bad.name for bad in images.bad_images])
        observer.note(f"Left out: {len(images.bad_images):,} that cannot be read: {names}.")


def _names(tap: str | tuple[str, ...]) -> tuple[str, ...] | Auto:
    if isinstance(tap, str):
        return "auto" if tap == "auto" else (tap,)
    return tuple(tap)


def _whole_numbers(grid: int | tuple[int, ...] | Auto) -> tuple[int, ...] | Auto:
    if isinstance(grid, int):
        return (grid,)
    return grid if grid == "auto" else tuple(grid)

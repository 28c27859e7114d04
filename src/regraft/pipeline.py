"""The only composition of stages: `fit`, from pictures to an artefact, and `evaluate`."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from regraft.adapt.resize import RESIZE_VERSION
from regraft.artefact.classifier import Classifier, make_extractor
from regraft.artefact.recipe import Origin, Pixels, Recipe
from regraft.artefact.results import EvaluateResult, FitResult
from regraft.artefact.runs import RUNS, require_new, require_writable, write_to_next_free
from regraft.artefact.store import load, save
from regraft.backbones.weights import Weights, find_weights
from regraft.data.decode import DECODE_VERSION
from regraft.data.open import Data, OnBadImage, open_data
from regraft.data.source import TEST, ImageSet
from regraft.data.split import split_rows
from regraft.data.text import listed
from regraft.diagnose.diagnosis import Diagnosis, Material
from regraft.diagnose.replays import Script
from regraft.diagnose.why import diagnose_script
from regraft.errors import DataError, InvalidArgumentError, expected_received
from regraft.evaluate.cost import Clock, peak_memory_bytes
from regraft.evaluate.scores import full_scores, short_scores
from regraft.features.cache import FeatureCache
from regraft.features.extract import Extraction, extract, forecast
from regraft.heads.choose_l2 import fit_head
from regraft.heads.floors import floors
from regraft.heads.linear import probabilities
from regraft.records import FloatArray, IntArray, LinearHead, Split
from regraft.search.default import Auto, Choice, choose

VALIDATION_FRACTION = TEST_FRACTION = 0.15  # carved out where the data name no such part
BUDGET_SECONDS = 300.0
WHY_SECONDS = 180.0
REFERENCE_HELD_EVERY = 6

_READ_TOGETHER = 256  # pictures in memory at once when evaluating
_FORECAST_AFTER_SECONDS = 5.0  # one from less is noise


class Observer(Protocol):
    """Is told how a long job goes."""

    def note(self, text: str) -> None:
        """One line worth reading."""

    def advance(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` steps of a stage are finished."""


class _Nobody:
    def note(self, text: str) -> None:
        """Say nothing."""

    def advance(self, stage: str, done: int, total: int) -> None:
        """Say nothing."""


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
    observer = progress or _Nobody()
    clock = Clock()
    # better known now than after the work
    if out is None:
        require_writable(RUNS)
    else:
        require_new(Path(out))

    with clock.stage("data"):
        images = open_data(data, on_bad_image=on_bad_image, limit=limit, seed=seed)
        split = _split(images, seed)
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
            (_rows_of(features, choice, rows), images.labels[rows])
            for rows in (split.train, split.validation)
        )
        head = fit_head(*train, validation=validation, n_classes=len(images.class_names))
    with clock.stage("floors"):
        lowest = floors(images, split, seed=seed)
    with clock.stage("test"):
        test = _rows_of(features, choice, split.test)
        metrics = {
            "test": full_scores(probabilities(head, test), images.labels[split.test]),
            "validation": short_scores(probabilities(head, validation[0]), validation[1]),
            "floors": lowest,
        }
    with clock.stage("save"):
        recipe = _recipe(choice, found, features.runtime, head)
        classifier = Classifier(
            recipe=recipe,
            class_names=images.class_names,
            extractor=make_extractor(recipe, found),
            head=head,
            metrics=metrics,
            origin=_origin(images, split, seed=seed, limit=limit),
        )
        folder = _saved(classifier, out, command)
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


def evaluate(
    artefact: str | Path,
    data: Data,
    *,
    limit: int | None = None,
    on_bad_image: OnBadImage = "fail",
    progress: Observer | None = None,
) -> EvaluateResult:
    """Measure an artefact on labelled pictures.

    On the very data it was fitted on, only the pictures that were then held out for the test
    count. Of other data the test part counts if they name one, else all pictures.

    Args:
        artefact: Folder that `fit` wrote.
        data: As for `fit`; its classes must be among those of the artefact.
        limit: Use so many pictures, drawn class by class.
        on_bad_image: `skip` leaves out pictures that cannot be read.
        progress: Is told how the job goes.

    Raises:
        RegraftError: For anything wrong with the artefact or the data.
    """
    observer = progress or _Nobody()
    classifier = load(artefact)
    origin = classifier.origin
    images = open_data(data, on_bad_image=on_bad_image, limit=limit, seed=origin.seed)
    labels = _labels_for(classifier, images)
    rows, which = _rows_to_score(images, origin, observer)
    parts = []
    for start in range(0, len(rows), _READ_TOGETHER):
        pictures = images.read(rows[start : start + _READ_TOGETHER])
        parts.append(classifier.predict(list(pictures)).probabilities)
        observer.advance("evaluate", min(start + _READ_TOGETHER, len(rows)), len(rows))
    return EvaluateResult(
        class_names=classifier.class_names,
        scores=full_scores(np.concatenate(parts), labels[rows]),
        pictures=which,
    )


def why(
    script: str | Path,
    *,
    budget: float = WHY_SECONDS,
    python: str | None = None,
    arguments: tuple[str, ...] = (),
    fix: str | Path | None = None,
    progress: Observer | None = None,
) -> Diagnosis:
    """Find out, by measuring repairs, why a training script's validation accuracy is low.

    Args:
        script: A `.py` script or `.ipynb` notebook that trains with Keras. It is run as it is,
            several times, in child processes that cannot change any file.
        budget: Seconds, beyond those the script needs to prepare its own data.
        python: Interpreter to run it with; None means this one.
        arguments: Of the script.
        fix: Where to write the repaired script; it is then run and measured too.
        progress: Is told how the job goes.

    Raises:
        RegraftError: If there is no such script.
    """
    observer = progress or _Nobody()
    run = Script(path=Path(script), arguments=arguments, python=python or sys.executable)
    diagnosis = diagnose_script(run, budget=budget, progress=observer.note, fix=fix)
    if diagnosis.material is None or diagnosis.seconds > budget:
        return diagnosis
    observer.note("fitting a reference classifier on the same pictures")
    started = time.monotonic()
    return replace(
        diagnosis,
        regraft_fit=_reference(diagnosis.material),
        seconds=diagnosis.seconds + time.monotonic() - started,
    )


def _reference(material: Material) -> float | None:
    """Validation accuracy of a head on the default plan, fitted on a replay's own pictures."""
    x = np.concatenate([material.train, material.validation])
    y = np.concatenate([material.train_labels, material.validation_labels])
    try:
        images = open_data((x, y))
    except DataError:  # one class only, a class with one picture: nothing to compare with
        return None
    choice = choose(images, backbone="auto")
    features = extract(
        images, row=choice.row, weights=find_weights(choice.row), size=choice.size,
        requests=choice.requests, cache=None,
    )  # fmt: skip
    rows = np.arange(len(x))
    n = len(material.train)
    held = rows[:n:REFERENCE_HELD_EVERY]  # chooses the regularisation
    fitted = np.setdiff1d(rows[:n], held)
    both = [(_rows_of(features, choice, part), images.labels[part]) for part in (fitted, held)]
    head = fit_head(*both[0], validation=both[1], n_classes=len(images.class_names))
    scored = probabilities(head, _rows_of(features, choice, rows[n:])).argmax(axis=1)
    return float(np.mean(scored == images.labels[n:]))


def _split(images: ImageSet, seed: int) -> Split:
    split = split_rows(
        images,
        validation_fraction=VALIDATION_FRACTION,
        test_fraction=TEST_FRACTION,
        seed=seed,
    )
    if not len(split.validation) or not len(split.test):
        raise DataError(
            expected_received(
                "pictures enough for train, validation and test",
                f"{len(images):,} of {len(images.class_names):,} classes in {images.name}",
                "Add pictures: at least three different ones a class.",
            )
        )
    return split


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


def _rows_of(features: Extraction, choice: Choice, rows: IntArray) -> FloatArray:
    """The features of all requests beside one another, (len(rows), d)."""
    return np.concatenate([features[request][rows] for request in choice.requests], axis=1)


def _recipe(choice: Choice, weights: Weights, runtime: str, head: LinearHead) -> Recipe:
    n_features, n_classes = head.kernel.shape
    return Recipe(
        backbone=choice.row.name,
        size=choice.size,
        taps=choice.taps,
        grids=choice.grids,
        pixels=Pixels.of(choice.row.pixels),
        decode_version=DECODE_VERSION,
        resize_version=RESIZE_VERSION,
        mode="head",
        runtime=runtime,
        precision="float32",
        weights=weights.origin,
        weights_sha256=weights.sha256,
        n_features=n_features,
        n_classes=n_classes,
        l2=head.l2,
        temperature=head.temperature,
    )


def _origin(images: ImageSet, split: Split, *, seed: int, limit: int | None) -> Origin:
    return Origin(
        name=images.name,
        fingerprint=images.fingerprint(),
        n_images=len(images),
        limit=limit,
        n_train=len(split.train),
        n_validation=len(split.validation),
        n_test=len(split.test),
        n_bad_images=len(images.bad_images),
        split_given=images.given_split is not None,
        validation_fraction=VALIDATION_FRACTION,
        test_fraction=TEST_FRACTION,
        seed=seed,
    )


def _saved(classifier: Classifier, out: str | Path | None, command: str) -> Path:
    if out is None:
        return write_to_next_free(
            classifier.origin.name, lambda folder: save(folder, classifier, command=command)
        )
    save(Path(out), classifier, command=command)
    return Path(out)


def _labels_for(classifier: Classifier, images: ImageSet) -> IntArray:
    """The labels of the data as indices into the classes of the classifier."""
    place = {name: index for index, name in enumerate(classifier.class_names)}
    unknown = [name for name in images.class_names if name not in place]
    if unknown:
        raise DataError(
            expected_received(
                f"classes of the artefact ({listed(list(classifier.class_names))})",
                f"{listed(unknown)} in {images.name}",
            )
        )
    return np.array([place[name] for name in images.class_names], np.int64)[images.labels]


def _rows_to_score(images: ImageSet, origin: Origin, observer: Observer) -> tuple[IntArray, str]:
    if images.fingerprint() == origin.fingerprint:
        split = split_rows(
            images,
            validation_fraction=origin.validation_fraction,
            test_fraction=origin.test_fraction,
            seed=origin.seed,
        )
        return split.test, "the test pictures held out when it was fitted"
    if images.given_split is not None and np.any(images.given_split == TEST):
        return np.flatnonzero(images.given_split == TEST), "the test part of the data"
    if images.name == origin.name:
        observer.note(
            f"The artefact was fitted on data named {images.name}, too, but on other pictures "
            "or on fewer of these: pictures it has seen would flatter the result."
        )
    return np.arange(len(images)), "all pictures of the data"


def _names(tap: str | tuple[str, ...]) -> tuple[str, ...] | Auto:
    if isinstance(tap, str):
        return "auto" if tap == "auto" else (tap,)
    return tuple(tap)


def _whole_numbers(grid: int | tuple[int, ...] | Auto) -> tuple[int, ...] | Auto:
    if isinstance(grid, int):
        return (grid,)
    return grid if grid == "auto" else tuple(grid)

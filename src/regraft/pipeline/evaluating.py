"""`evaluate`: what an artefact is worth on labelled pictures."""

import contextlib
from pathlib import Path

import numpy as np

from regraft.artefact.classifier import BATCH_SIZE, Classifier
from regraft.artefact.recipe import Origin
from regraft.artefact.results import EvaluateResult
from regraft.artefact.store import load
from regraft.data.open import Data, OnBadImage, open_data
from regraft.data.source import TEST, ImageSet
from regraft.data.split import digest_of, split_rows
from regraft.data.text import listed
from regraft.errors import DataError, RegraftError, expected_received
from regraft.evaluate.scores import full_scores
from regraft.observer import Nobody, Observer
from regraft.planning.probe import nested_rows
from regraft.records import FloatArray, IntArray


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
    observer = progress or Nobody()
    classifier = load(artefact)
    origin = classifier.origin
    images = _opened(data, origin, on_bad_image)
    rows, which = _to_score(images, origin, observer)
    labels = _labels_for(classifier, images)
    if limit is not None and limit < len(rows):
        rows = rows[_spread(labels[rows], limit, seed=origin.seed)]
    answers = answers_of(classifier, images, rows, observer)
    return EvaluateResult(
        class_names=classifier.class_names,
        scores=full_scores(answers, labels[rows]),
        pictures=which,
        left_out=images.bad_images,
    )


def _opened(data: Data, origin: Origin, on_bad_image: OnBadImage) -> ImageSet:
    """All pictures, or those drawn for the fit where it is these that it was fitted on."""
    if origin.limit is not None:
        with contextlib.suppress(RegraftError):  # other data: what is wrong is said below
            drawn = open_data(data, on_bad_image=on_bad_image, limit=origin.limit, seed=origin.seed)
            if drawn.fingerprint() == origin.fingerprint:
                return drawn
    return open_data(data, on_bad_image=on_bad_image, to_train=False)


def answers_of(
    classifier: Classifier, images: ImageSet, rows: IntArray, observer: Observer
) -> FloatArray:
    """What a classifier answers about some pictures: probabilities (n, k)."""
    parts = []
    for start in range(0, len(rows), BATCH_SIZE):
        some = rows[start : start + BATCH_SIZE]
        batch = images.each(some, classifier.prepared, reduce_to=classifier.recipe.size)
        parts.append(classifier.answer(np.stack(batch)))
        observer.advance("evaluate", min(start + BATCH_SIZE, len(rows)), len(rows))
    return np.concatenate(parts)


def _labels_for(classifier: Classifier, images: ImageSet) -> IntArray:
    """The labels of the data as indices into the classes of the classifier."""
    place = {name: index for index, name in enumerate(classifier.class_names)}
    unknown = [name for name in images.class_names if name not in place]
    if unknown:
        raise DataError(
            expected_received(
                f"classes of the artefact ({listed(list(classifier.class_names))})",
                f"{listed(unknown)} in {images.name}",
                "Score on pictures of these classes only, or fit on all of them.",
            )
        )
    return np.array([place[name] for name in images.class_names], np.int64)[images.labels]


def _spread(labels: IntArray, n: int, *, seed: int) -> IntArray:
    """So many positions, drawn class by class, in their order."""
    return np.sort(nested_rows(labels, np.arange(len(labels)), seed=seed)[:n])


def _to_score(images: ImageSet, origin: Origin, observer: Observer) -> tuple[IntArray, str]:
    """Which pictures to score, and what those are."""
    if images.fingerprint() == origin.fingerprint:
        split = split_rows(
            images,
            validation_fraction=origin.validation_fraction,
            test_fraction=origin.test_fraction,
            seed=origin.seed,
        )
        _require_same_test(images, split.test, origin, observer)
        return split.test, "the test pictures held out when it was fitted"
    if images.given_split is not None and np.any(images.given_split == TEST):
        return np.flatnonzero(images.given_split == TEST), "the test part of the data"
    which = "all pictures of the data"
    if images.name == origin.name:
        which += ", some of which it may have been fitted to"
        observer.note(
            f"The artefact was fitted on data named {images.name}, too, but on other pictures "
            "or on fewer of these: pictures it has seen would flatter the result."
        )
    return np.arange(len(images)), which


def _require_same_test(
    images: ImageSet, test: IntArray, origin: Origin, observer: Observer
) -> None:
    """Of the same pictures in other groups, others would be held out: some that it learnt from."""
    if origin.test_sha256 is None:
        if images.groups is not None:
            observer.note(
                "The artefact does not record which pictures were held out: if the groups have "
                "changed since, some of these it has learnt from."
            )
    elif digest_of(test) != origin.test_sha256:
        raise DataError(
            expected_received(
                f"{images.name} parted as when the artefact was fitted on these pictures",
                "others to be held out for the test: the groups have changed",
                "Give the groups as they were, or pictures that it has not learnt from.",
            )
        )

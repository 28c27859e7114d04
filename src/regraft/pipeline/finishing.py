"""From a fitted head, or a fine-tuned network, to an artefact and its result."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regraft.artefact.classifier import Classifier, make_extractor
from regraft.artefact.results import FitResult
from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.evaluate.cost import Clock, peak_memory_bytes
from regraft.evaluate.scores import full_scores, short_scores
from regraft.heads.answers import answer_of
from regraft.heads.choose_l2 import fit_head, refit_head
from regraft.heads.linear import probabilities
from regraft.observer import Observer
from regraft.pipeline.finetuning import classifier_of
from regraft.pipeline.frozen import Frozen
from regraft.pipeline.pool import RESERVE
from regraft.pipeline.preparing import Ready
from regraft.pipeline.request import Work
from regraft.pipeline.running import Run
from regraft.pipeline.saving import origin_of, recipe_of, saved
from regraft.pipeline.second_head import Labelled, Second, second_head
from regraft.pipeline.settling import Tuned
from regraft.pipeline.varying import Varying
from regraft.records import LinearHead, Split


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fitted:
    """A head on frozen features, with all that it was fitted on."""

    ready: Ready
    head: LinearHead
    train: Labelled
    validation: Labelled
    test: Labelled
    on_validation: Mapping[str, Any]  # its scores


def fitted_on(ready: Ready) -> Fitted:
    """Fit the head; its penalty is chosen on validation pictures."""
    train, validation, test = (
        (ready.features.of(ready.choice.requests, rows), ready.images.labels[rows])
        for rows in (ready.split.train, ready.split.validation, ready.split.test)
    )
    head = fit_head(
        *train,
        validation=validation,
        n_classes=len(ready.images.class_names),
        l2_per_feature=ready.l2_per_feature,
    )
    return Fitted(
        ready=ready,
        head=head,
        train=train,
        validation=validation,
        test=test,
        on_validation=short_scores(probabilities(head, validation[0]), validation[1]),
    )


def second_head_of(
    fitted: Fitted, work: Work, *, deadline: Deadline, observer: Observer
) -> Second | None:
    """A head with a hidden layer beside this one, where its plan was searched for and it helps."""
    ready = fitted.ready
    if not ready.is_searched:
        return None
    return second_head(
        fitted.head,
        fitted.train,
        fitted.validation,
        vary=Varying(ready=ready, head=fitted.head, seed=work.request.seed, observer=observer).rows,
        deadline=deadline,
        seed=work.request.seed,
        observer=observer,
    )


def finish_head(
    fitted: Fitted,
    lowest: Mapping[str, float],
    work: Work,
    images: ImageSet,
    split: Split,
    run: Run | None,
    clock: Clock,
    observer: Observer,
    *,
    second: Second | None = None,
) -> FitResult:
    """Score the head on test pictures, and save the classifier.

    Args:
        fitted: The head.
        lowest: The floors.
        work: What was asked for.
        images: All pictures.
        split: Of all pictures.
        run: Whose folder is there already, if there is one.
        clock: Counts the stages `refit`, `hidden`, `test` and `save`.
        observer: Is told how it goes.
        second: A head that was fitted already; else one is where time is left.
    """
    ready, request, head = fitted.ready, work.request, fitted.head
    with clock.stage("refit"):  # what chose the penalty may now be learnt from, too
        head = refit_head(head, [fitted.train, fitted.validation])
    if second is None:
        with clock.stage("hidden"):
            deadline = Deadline(work.end - time.monotonic() - RESERVE)
            second = second_head_of(fitted, work, deadline=deadline, observer=observer)
    hidden = None if second is None else second.head
    with clock.stage("test"):
        features, labels = fitted.test
        metrics = {
            "test": full_scores(answer_of(head, hidden, features), labels),
            "validation": fitted.on_validation if second is None else second.on_validation,
            "floors": lowest,
            **({"search": ready.compared} if ready.compared else {}),
        }
    with clock.stage("save"):
        recipe = recipe_of(ready.choice, ready.weights, ready.features.runtime, head, hidden=hidden)
        classifier = Classifier(
            recipe=recipe,
            class_names=images.class_names,
            extractor=make_extractor(recipe, ready.weights),
            head=head,
            hidden=hidden,
            metrics=metrics,
            origin=origin_of(
                images, ready.split, test=split.test, seed=request.seed, limit=request.limit
            ),
        )
        if run is None:
            folder = saved(classifier, work.out, name=request.name, command=work.command)
        else:
            folder = run.complete(classifier, command=work.command, keep_checkpoint=False)
    return _result(classifier, ready.images, ready.split, folder, ready, clock)


def finish_tuned(
    tuned: Tuned,
    frozen: Frozen,
    fitted: Fitted,
    lowest: dict[str, float],
    work: Work,
    clock: Clock,
    observer: Observer,
) -> FitResult:
    """Score what fine-tuning came to on test pictures, and save it in the folder of its run.

    Args:
        tuned: What it came to.
        frozen: Where it began.
        fitted: The head it began with.
        lowest: The floors.
        work: What was asked for.
        clock: Counts the stages `test` and `save`.
        observer: Is told how it goes.
    """
    request, images, split = work.request, frozen.images, frozen.split
    origin = origin_of(images, split, test=split.test, seed=request.seed, limit=request.limit)
    with clock.stage("test"):
        classifier = classifier_of(tuned, frozen, lowest, origin, observer)
    with clock.stage("save"):
        folder = tuned.run.complete(
            classifier, command=work.command, keep_checkpoint=tuned.is_stopped
        )
    return _result(
        classifier, images, split, folder, fitted.ready, clock, is_stopped=tuned.is_stopped
    )


def _result(
    classifier: Classifier,
    images: ImageSet,
    split: Split,
    folder: Path,
    ready: Ready,
    clock: Clock,
    *,
    is_stopped: bool = False,
) -> FitResult:
    features = ready.features
    return FitResult(
        classifier=classifier,
        images=images,
        split=split,
        artefact=folder,
        seconds=clock.seconds(),
        images_per_second=len(ready.images) / max(features.seconds, 1e-9),
        is_from_cache=not features.n_computed,
        peak_memory_bytes=peak_memory_bytes(),
        is_stopped=is_stopped,
    )

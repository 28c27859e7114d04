"""From a frozen head to a fine-tuned backbone, where that is measured to be better.

What is decided is written down before the first step, and every later stage can be taken up again
from the run's folder.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.artefact.classifier import Classifier, make_extractor
from regraft.artefact.recipe import Origin
from regraft.artefact.store import trunk_of
from regraft.backbones.loading import assign_tensors
from regraft.data.source import ImageSet
from regraft.data.split import digest_of
from regraft.errors import DataError, expected_received
from regraft.evaluate.scores import full_scores
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.finetune.checkpoint import Checkpoint
from regraft.finetune.decide import Decision, Wishes, decide
from regraft.finetune.loop import Limits, train
from regraft.finetune.network import Network
from regraft.finetune.paired import may_be_beaten
from regraft.finetune.plan import TrainingPlan
from regraft.finetune.precision import MIXED
from regraft.observer import Observer
from regraft.pipeline.computing import network_in_precision
from regraft.pipeline.evaluating import answers_of
from regraft.pipeline.frozen import Frozen
from regraft.pipeline.judging import judge
from regraft.pipeline.request import Work
from regraft.pipeline.running import Run
from regraft.pipeline.saving import recipe_of
from regraft.pipeline.settling import Tuned, settle
from regraft.pipeline.stopping import StopRequest
from regraft.planning.probe import hold
from regraft.records import Split

MIXED_GAIN = 2  # times as fast as float32, about, is what computes in mixed bfloat16
TRIAL_PICTURES = 500  # validation pictures that trials and variations are scored on


def fine_tune(
    frozen: Frozen, work: Work, run: Run | None, reserve: Callable[[], Run], observer: Observer
) -> Tuned | None:
    """Train the backbone from the head on, or go on where it was interrupted.

    Args:
        frozen: Where it begins.
        work: What was asked for.
        run: To go on with, or the folder that waits for one.
        reserve: Makes that folder, if there is none, once it is known that fine-tuning pays.
        observer: Is told how it goes.

    Returns:
        The better of the head and the fine-tuned network; None if `auto` found it does not pay, or
            that it has not paid.

    Raises:
        DataError: If the data are not those that the run began with.
    """
    written = None if run is None else Checkpoint(run.checkpoint).read_plan()
    right = frozen.right if written is None and work.request.mode == "auto" else None
    if right is not None and not may_be_beaten(right):
        observer.note(
            f"The frozen head is wrong on {int((~right).sum()):,} of {len(right):,} validation "
            "pictures: no better network could be told from it, and it stays."
        )
        return None
    # decoding photographs anew in every epoch would take longer than training on them
    held, _ = hold(frozen.images, n=len(frozen.images), reduce_to=frozen.choice.size)
    frozen = replace(frozen, images=held)
    if run is not None and written is not None:
        plan, start, notes = written
        _require_same_data(frozen.images, frozen.split, notes)
        frozen = replace(frozen, right=_right_without(notes.get("wrong"), frozen.split))
        network = frozen.network(start, plan.precision)
        network.train(plan.blocks)
    else:
        network, precision, why = network_in_precision(
            frozen, is_timed=work.request.epochs is None, seed=work.request.seed
        )
        observer.note(f"Training computes in {precision}: {why}.")
        decision = _decided(network, precision, frozen, work, observer)
        if decision is None:
            return None
        run = run or reserve()
        plan = decision.plan
        notes = decision.as_json() | {
            "fingerprint": frozen.images.fingerprint(),
            "split": _digest(frozen.split),
            "seconds_before": work.spent + time.monotonic() - work.began,
            # a run that is resumed reads too few pictures to know what the head is to be beaten at
            "wrong": None if right is None else np.flatnonzero(~right).tolist(),
        }
        Checkpoint(run.checkpoint).write_plan(plan, frozen.start, notes)
        if len(plan.blocks) < len(network.blocks):
            network.train(plan.blocks)
        else:  # it is compiled for them, and tracing anew takes ten seconds
            network.reset_optimiser(plan.blocks)
    observer.note(_on_plan(plan, network))
    untouched = network.learnt()
    with StopRequest() as stop:
        outcome = train(
            network,
            plan,
            frozen.pictures(frozen.split.train),
            frozen.sampled(notes["n_evaluated"], seed=plan.seed),
            judge,
            checkpoint=Checkpoint(run.checkpoint),
            limits=Limits(
                stop=stop,
                deadline=work.end if plan.by_clock else None,
                n_after=notes["n_after"],
                a_picture=notes["a_picture"],
                began=None if written is None else work.began,
            ),
            listener=observer,
        )
    return settle(network, untouched, outcome, frozen, plan, notes, work, run, observer)


def classifier_of(
    tuned: Tuned,
    frozen: Frozen,
    lowest: dict[str, float],
    origin: Origin,
    observer: Observer,
) -> Classifier:
    """The classifier, scored on the test pictures by answering about them as it will for users.

    Args:
        tuned: What fine-tuning came to.
        frozen: Where it began.
        lowest: The floors.
        origin: Of the data.
        observer: Is told how it goes.
    """
    recipe = recipe_of(
        frozen.choice,
        frozen.weights,
        TensorFlow(),
        tuned.head,
        mode=tuned.mode,
        views=tuned.views,
    )
    extractor = make_extractor(recipe, None)
    assign_tensors(trunk_of(extractor), tuned.trunk)
    facts = {
        "recipe": recipe,
        "class_names": frozen.images.class_names,
        "extractor": extractor,
        "head": tuned.head,
        "origin": origin,
    }
    rows = frozen.split.test
    answers = answers_of(Classifier(**facts, metrics={}), frozen.images, rows, observer)
    metrics = {
        "test": full_scores(answers, frozen.images.labels[rows]),
        "validation": tuned.validation,
        "floors": lowest,
        "finetune": tuned.report,
    }
    return Classifier(**facts, metrics=metrics)


def is_decided(run: Run) -> bool:
    """Whether it was written down that, and how, the run fine-tunes."""
    return Checkpoint(run.checkpoint).has_plan


def seconds_spent(run: Run) -> float:
    """Of the budget of a run, before it was interrupted."""
    checkpoint = Checkpoint(run.checkpoint)
    written = checkpoint.read_plan()
    before: float = 0.0 if written is None else written[2]["seconds_before"]
    return before + checkpoint.seconds()


def _decided(
    network: Network, precision: str, frozen: Frozen, work: Work, observer: Observer
) -> Decision | None:
    request = work.request
    n_after, n_a_view = _n_after(frozen, precision)
    return decide(
        network,
        frozen.pictures(frozen.split.train),
        frozen.sampled(TRIAL_PICTURES, seed=request.seed),
        judge,
        Wishes(
            epochs=request.epochs,
            mixup=request.mixup,
            must_pay=request.mode == "auto",
            averages=request.tta,
            seed=request.seed,
            precision=precision,
        ),
        deadline=work.end if request.epochs is None else None,
        n_after=n_after,
        n_a_view=n_a_view,
        listener=observer,
    )


def _n_after(frozen: Frozen, precision: str) -> tuple[int, int]:
    """Pictures' worth of scoring that comes after training, and of that in one more view.

    The test, and the last choice. An artefact answers in float32, whatever it was trained in.
    """
    test = len(frozen.split.test) * (MIXED_GAIN if precision == MIXED else 1)
    validation = len(frozen.split.validation)
    return test + 3 * validation, test + validation


def _require_same_data(images: ImageSet, split: Split, notes: Mapping[str, Any]) -> None:
    step = "Restore them, or start a new run."
    began_with, found = notes["fingerprint"], images.fingerprint()
    if found != began_with:
        raise DataError(
            expected_received(
                f"the data that the run began with (fingerprint {began_with[:12]})",
                f"others in {images.name} (fingerprint {found[:12]})",
                step,
            )
        )
    # a run that began before the split was recorded has none
    if notes.get("split", _digest(split)) != _digest(split):
        raise DataError(
            expected_received(
                f"{images.name} parted as when the run began", "other groups in it", step
            )
        )


def _right_without(wrong: list[int] | None, split: Split) -> npt.NDArray[np.bool_] | None:
    """`Frozen.right`, from the places of the others."""
    if wrong is None:
        return None
    right = np.ones(len(split.validation), np.bool_)
    right[wrong] = False
    return right


def _digest(split: Split) -> str:
    return digest_of(split.train, split.validation, split.test)


def _on_plan(plan: TrainingPlan, network: Network) -> str:
    blocks = network.blocks
    which = (
        f"the head and {len(plan.blocks)} of {len(blocks)} blocks" if plan.blocks else "the head"
    )
    return (
        f"Fine-tuning {which} ({network.n_trained():,} parameters): {plan.steps:,} steps of "
        f"{plan.batch_size} pictures ({plan.epochs:.1f} epochs"
        f"{', by the clock' if plan.by_clock else ''}), rate up to {plan.rate:g}."
    )

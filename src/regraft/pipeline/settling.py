"""What a training came to: the better of the head and the network, and how it will answer."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from regraft.adapt.views import View
from regraft.backbones.loading import Tensors, tensors_of
from regraft.evaluate.scores import short_scores
from regraft.finetune.augment import views_of
from regraft.finetune.loop import Outcome, evaluate
from regraft.finetune.network import Network
from regraft.finetune.paired import NOISE, cost
from regraft.finetune.plan import TrainingPlan
from regraft.heads.calibrate import fit_temperature
from regraft.heads.linear import softmax
from regraft.observer import Observer
from regraft.pipeline.averaging import Averaged, average
from regraft.pipeline.frozen import Frozen
from regraft.pipeline.judging import judge
from regraft.pipeline.request import Work
from regraft.pipeline.running import Run
from regraft.records import LinearHead


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tuned:
    """What it came to."""

    mode: Literal["head", "finetune"]  # which of the two was better
    trunk: Tensors
    head: LinearHead
    validation: dict[str, Any]  # scores of the better one
    report: dict[str, Any]  # plain data: how it came about
    views: tuple[View, ...]  # that a prediction averages
    run: Run
    is_stopped: bool  # somebody wanted it to end, and it can go on


def settle(
    network: Network,
    untouched: Tensors,
    outcome: Outcome,
    frozen: Frozen,
    plan: TrainingPlan,
    notes: dict[str, Any],
    work: Work,
    run: Run,
    observer: Observer,
) -> Tuned | None:
    """Take the head or the fine-tuned network, by validation accuracy; the head if they are equal.

    Where the user left it to `auto`, the head stays unless it is beaten beyond noise.

    Args:
        network: As it was trained; is left at what is taken.
        untouched: Its weights before the first step.
        outcome: Of the training.
        frozen: Where it began.
        plan: Of the training.
        notes: How the plan came about, as they are in the run's folder.
        work: What was asked for.
        run: The run.
        observer: Is told which one is taken.

    Returns:
        None where the head stays after `auto`: it may then still learn from validation pictures.
    """
    pictures = frozen.pictures(frozen.split.validation)
    labels = pictures.labels
    states = {"frozen head": untouched, "least loss": outcome.best, "last": outcome.averaged}
    answers, scores = {}, {}
    for name, weights in states.items():
        network.assign(weights)
        answers[name] = evaluate(network, pictures)
        accuracy, loss = judge(answers[name], labels)
        scores[name] = (accuracy, -loss)
    tuned = max(("least loss", "last"), key=lambda name: scores[name])
    is_better = scores[tuned] > scores["frozen head"]
    if work.request.mode == "auto":  # nobody asked for it: chance must not be what speaks for it
        before = frozen.right
        if before is None:
            before = answers["frozen head"].argmax(axis=1) == labels
        lost, noise = cost(before, answers[tuned].argmax(axis=1) == labels)
        is_better = lost + NOISE * noise < 0
    old, new = scores["frozen head"][0], scores[tuned][0]
    observer.note(
        f"On {len(labels):,} validation pictures: frozen head {old:.4f}, fine-tuned {new:.4f} "
        f"(weights of the least loss {scores['least loss'][0]:.4f}, averaged at the end "
        f"{scores['last'][0]:.4f}). "
        f"{'The fine-tuned network' if is_better else 'The frozen head'} is kept."
    )
    if not is_better and work.request.mode == "auto" and outcome.ended != "stopped":
        return None
    kept = tuned if is_better else "frozen head"
    network.assign(states[kept])
    logits = answers[kept]
    temperature = fit_temperature(logits, labels)
    views = views_of(plan.variety) if notes["averages"] or work.request.tta else ()
    probabilities = softmax(logits / np.float32(temperature))
    if len(views) > 1:
        averaged, of_the_mean = average(
            network, pictures, views, as_they_are=logits, alone=probabilities
        )
        is_used = work.request.tta or averaged.helps
        observer.note(_on_views(averaged, len(views), is_used=is_used))
        if is_used:
            probabilities, temperature = averaged.together, of_the_mean
        else:
            views = ()
    elif views:
        observer.note("Pictures are answered as they are: none was moved or mirrored in training.")
        views = ()
    progress = outcome.progress
    return Tuned(
        mode="finetune" if is_better else "head",
        trunk=tensors_of(network.trunk),
        head=replace(network.head(), temperature=temperature),
        validation=short_scores(probabilities, labels),
        report={
            "frozen_val_accuracy": old,
            "tuned_val_accuracy": new,
            "chosen": "finetune" if is_better else "head",
            "ended": outcome.ended,
            "steps": progress.step,
            "epochs": progress.step / plan.steps_an_epoch,
            "parameters_trained": network.n_trained(),
            "images_per_second": outcome.images_per_second,
            "seconds": progress.seconds,
            "plan": plan.as_json(),
            "history": [asdict(each) for each in progress.history],
            "race": list(run.facts.get("race", ())),
            **{name: notes[name] for name in ("variations", "trial")},
        },
        views=views,
        run=run,
        is_stopped=outcome.ended == "stopped",
    )


def _on_views(averaged: Averaged, n: int, *, is_used: bool) -> str:
    gain, noise = averaged.gain
    return (
        f"The mean over {n} views of a picture lowers the validation loss by {gain:.4f} "
        f"(standard error {noise:.4f}): it is "
        f"{f'used, and an answer takes {n} times as long' if is_used else 'not used'}."
    )

"""Which plan to fine-tune: each trains for the same seconds, and is asked about the same pictures.

Frozen accuracy says where training begins, and multiply-adds say little about how fast it goes:
depthwise convolutions train at a tenth of the multiply-adds a second of dense ones. So both are
measured at once, on this machine, in the precision that each plan would train in.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regraft.data.source import ImageSet
from regraft.deadline import Deadline
from regraft.finetune.augment import Variety
from regraft.finetune.loop import Judge, evaluate
from regraft.finetune.network import Start
from regraft.finetune.pace import time_steps
from regraft.finetune.plan import TrainingPlan, batch_size_for
from regraft.finetune.trial import RATES, take_steps
from regraft.heads.choose_l2 import fit_head
from regraft.observer import Observer
from regraft.pipeline.computing import network_in_precision
from regraft.pipeline.frozen import Frozen
from regraft.pipeline.shortlisting import LEAST_EPOCHS, Listed, named
from regraft.planning.default import Choice
from regraft.records import Split

ASKED = 2_000  # validation pictures that a contender is asked about, at most
_LEAST_STEPS = 8  # fewer would only tell noise
_HELD_OUT = 4  # every so many-th picture of the shortlist chooses the penalty of a first head


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """A plan after its short training."""

    choice: Choice
    precision: str
    images_per_second: float  # of training
    epochs: float  # passes over the training pictures that the time would hold
    accuracy: float  # on validation pictures, after the short training
    loss: float  # there, at the best temperature

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the report."""
        return {
            "plan": named(self.choice),
            "precision": self.precision,
            "images_per_second": self.images_per_second,
            "epochs": self.epochs,
            "accuracy": self.accuracy,
            "loss": self.loss,
        }


def race(
    listed: Sequence[Listed],
    images: ImageSet,
    split: Split,
    judge: Judge,
    *,
    seconds_each: float,
    deadline: Deadline,
    training_seconds: float,
    seed: int,
    observer: Observer,
) -> tuple[Contender, ...]:
    """Train every plan for the same seconds; those of which there was time for, best first.

    Args:
        listed: The plans, the most promising first.
        images: All pictures.
        split: Of all pictures; test pictures are not looked at.
        judge: Scores.
        seconds_each: Of training, without what building takes.
        deadline: No further plan is begun after it.
        training_seconds: That fine-tuning will have, about.
        seed: Of the pictures and their order.
        observer: Is told how it goes.
    """
    contenders: list[Contender] = []
    for plan in listed:
        if contenders and deadline.left() <= 0:
            break
        contenders.append(
            _run(plan, images, split, judge, seconds_each, training_seconds, seed=seed)
        )
        observer.note(_on(contenders[-1]))
    return ranked(contenders)


def ranked(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """By loss; but those that would not see all pictures often enough come last."""
    return tuple(sorted(contenders, key=lambda each: (each.epochs < LEAST_EPOCHS, each.loss)))


def _run(
    plan: Listed,
    images: ImageSet,
    split: Split,
    judge: Judge,
    seconds: float,
    training_seconds: float,
    *,
    seed: int,
) -> Contender:
    frozen = Frozen(
        images=images,
        split=split,
        choice=plan.choice,
        weights=plan.weights,
        start=_start(plan, len(images.class_names)),
        accuracy=plan.accuracy,
    )
    network, precision, _ = network_in_precision(frozen, is_timed=True, seed=seed)
    training = frozen.pictures(split.train)
    outline = _outline(len(training), plan.choice.size, len(network.blocks), precision, seed)
    pace = time_steps(network, training, outline, a_picture=0.0)
    network.reset_optimiser(outline.blocks)
    began, steps = time.monotonic(), max(_LEAST_STEPS, round(seconds / pace.a_step))
    take_steps(network, outline.lasting(steps), training)
    a_step = (time.monotonic() - began) / steps
    sample = frozen.sampled(ASKED, seed=seed)
    accuracy, loss = judge(evaluate(network, sample), sample.labels)
    return Contender(
        choice=plan.choice,
        precision=precision,
        images_per_second=outline.batch_size / a_step,
        epochs=training_seconds / (a_step * outline.steps_an_epoch),
        accuracy=accuracy,
        loss=loss,
    )


def _start(plan: Listed, n_classes: int) -> Start:
    """A first head, on the pictures that the shortlist read."""
    held = [number % _HELD_OUT == 0 for number in range(len(plan.labels))]
    kept = [not each for each in held]
    head = fit_head(
        plan.features[kept],
        plan.labels[kept],
        validation=(plan.features[held], plan.labels[held]),
        n_classes=n_classes,
    )
    return Start.of(head, plan.features)


def _outline(n_train: int, size: int, n_blocks: int, precision: str, seed: int) -> TrainingPlan:
    return TrainingPlan(
        seed=seed,
        n_train=n_train,
        batch_size=batch_size_for(n_train, size),
        steps=1,
        evaluate_every=1,
        rate=RATES[0],
        blocks=tuple(range(n_blocks)),
        precision=precision,
        variety=Variety(),
        mixup=False,
        by_clock=True,
    )


def _on(contender: Contender) -> str:
    return (
        f"Trained briefly: {named(contender.choice)}: {contender.accuracy:.4f} "
        f"(loss {contender.loss:.4f}); {contender.images_per_second:,.0f} pictures a second in "
        f"{contender.precision}, {contender.epochs:.1f} epochs in the time."
    )

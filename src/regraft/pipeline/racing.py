"""Which plan to fine-tune: each trains on the same pictures, and is asked about the same others.

Frozen accuracy says where training begins, and multiply-adds say little about how fast it goes:
depthwise convolutions train at a tenth of the multiply-adds a second of dense ones. So both are
measured, on this machine, in the precision that each plan would train in. Those that would not see
all pictures often enough in the time are out; of the others the one that has learnt most from the
same pictures wins, since time is not what any of them lacks. Of those about as good the largest
wins: it has the most left to learn with.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regraft.data.source import ImageSet
from regraft.finetune.augment import Variety
from regraft.finetune.loop import Judge, evaluate
from regraft.finetune.network import Network, Start
from regraft.finetune.pace import time_steps
from regraft.finetune.plan import TrainingPlan, batch_size_for
from regraft.finetune.trial import take_steps
from regraft.heads.choose_l2 import fit_head
from regraft.observer import Observer
from regraft.pipeline.computing import network_in_precision
from regraft.pipeline.frozen import Frozen
from regraft.pipeline.shortlisting import LEAST_EPOCHS, Listed, named
from regraft.planning.default import Choice
from regraft.planning.judge import folds
from regraft.planning.space import macs
from regraft.records import Split

ASKED = 2_000  # validation pictures that a contender is asked about, at most
# Training pictures of a contender: a part of all, and not so few that only noise is told.
_PART, _LEAST_PICTURES = 0.08, 2_000
ROOMY = 2  # times the least number of epochs
# At a high rate a short run measures how much of the pretraining is destroyed at first: VGG16 on
# MNIST, 52 steps: loss 0.075 at 3e-4; 72 steps: 0.044 at 1e-4; and 0.034 after 300 at 3e-4.
_RATE = 1e-4


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """A plan, and what its short training showed."""

    choice: Choice
    precision: str
    images_per_second: float  # of training
    epochs: float  # passes over the training pictures that the time would hold
    accuracy: float | None  # on validation pictures, after the short training, if there was one
    loss: float | None  # there, at the best temperature
    n_asked: int = 0  # of those pictures

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the report."""
        return {
            "plan": named(self.choice),
            "precision": self.precision,
            "images_per_second": self.images_per_second,
            "epochs": self.epochs,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "n_asked": self.n_asked,
        }


def race(
    listed: Sequence[Listed],
    images: ImageSet,
    split: Split,
    judge: Judge,
    *,
    seconds: float,
    training_seconds: float,
    seed: int,
    observer: Observer,
) -> tuple[Contender, ...]:
    """Train the plans of which there is time for all pictures; best first, the slow ones last.

    Args:
        listed: The plans, the most promising first.
        images: All pictures.
        split: Of all pictures; test pictures are not looked at.
        judge: Scores.
        seconds: For building and for training, each half of it. Plans are built in any case until
            one is fast enough.
        training_seconds: That fine-tuning will have, about.
        seed: Of the pictures and their order.
        observer: Is told how it goes.
    """
    end = time.monotonic() + seconds / 2
    built: list[_Built] = []
    for plan in listed:
        # where none so far is fast enough, one more is worth more than the time it takes
        if any(each.is_fast for each in built) and time.monotonic() > end:
            observer.note(f"No time to try {named(plan.choice)}.")
            continue
        built.append(_build(plan, images, split, training_seconds, seed=seed))
        observer.note(built[-1].told())
    fast = [each for each in built if each.is_fast]
    if len(fast) < 2:  # nobody to race against
        return tuple(each.as_contender() for each in sorted(built, key=lambda one: -one.epochs))
    n = pictures_each(len(split.train), seconds / 2, [each.images_per_second for each in fast])
    contenders = []
    for each in fast:
        contenders.append(each.trained(n, judge, seed=seed))
        observer.note(
            f"After {n:,} pictures: {named(each.plan.choice)}: loss {contenders[-1].loss:.4f}, "
            f"accuracy {contenders[-1].accuracy:.4f}."
        )
    slow = (each.as_contender() for each in built if not each.is_fast)
    return (*ranked(contenders), *slow)


def ranked(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """Those that trained, by their loss, but first the largest of those about as good as the best.

    Of these it is one that the time holds comfortably, if there is any: a larger network that will
    see all pictures only just often enough has not shown that it is worth it.

    A loss is told by the pictures that are still wrong: of 40 it is known to a sixth, of 250 to a
    sixteenth, as any count is.

    Args:
        contenders: Each with a loss.
    """
    by_loss = sorted(contenders, key=lambda one: one.loss or 0.0)
    best = by_loss[0]
    n_wrong = max(1.0, best.n_asked * (1 - (best.accuracy or 0.0)))
    bound = (1 + 1 / math.sqrt(n_wrong)) * (best.loss or 0.0)
    ties = [one for one in by_loss if (one.loss or 0.0) <= bound]
    roomy = [one for one in ties if one.epochs >= ROOMY * LEAST_EPOCHS] or ties
    first = max(roomy, key=lambda one: macs(one.choice))
    return (first, *(one for one in by_loss if one is not first))


def pictures_each(n_train: int, seconds: float, paces: Sequence[float]) -> int:
    """How many pictures everyone trains on: a part of all, if the time holds it.

    Args:
        n_train: Training pictures.
        seconds: For all contenders.
        paces: Of each, in pictures a second.
    """
    wanted = max(_LEAST_PICTURES, round(_PART * n_train))
    return min(wanted, round(seconds / sum(1 / pace for pace in paces)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Built:
    """A plan whose network is ready to train, and how fast it does."""

    plan: Listed
    frozen: Frozen
    network: Network
    outline: TrainingPlan
    images_per_second: float
    epochs: float  # passes over the training pictures that the time would hold

    @property
    def is_fast(self) -> bool:
        """Would it see all training pictures often enough in the time?"""
        return self.epochs >= LEAST_EPOCHS

    def told(self) -> str:
        return (
            f"{named(self.plan.choice)} trains at {self.images_per_second:,.0f} pictures a second "
            f"in {self.outline.precision}: {self.epochs:.1f} epochs in the time."
        )

    def as_contender(
        self, accuracy: float | None = None, loss: float | None = None, n_asked: int = 0
    ) -> Contender:
        return Contender(
            choice=self.plan.choice,
            precision=self.outline.precision,
            images_per_second=self.images_per_second,
            epochs=self.epochs,
            accuracy=accuracy,
            loss=loss,
            n_asked=n_asked,
        )

    def trained(self, n: int, judge: Judge, *, seed: int) -> Contender:
        steps = max(1, n // self.outline.batch_size)
        training = self.frozen.pictures(self.frozen.split.train)
        take_steps(self.network, self.outline.lasting(steps), training)
        sample = self.frozen.sampled(ASKED, seed=seed)
        accuracy, loss = judge(evaluate(self.network, sample), sample.labels)
        return self.as_contender(accuracy, loss, len(sample))


def _build(
    plan: Listed, images: ImageSet, split: Split, training_seconds: float, *, seed: int
) -> _Built:
    frozen = Frozen(
        images=images,
        split=split,
        choice=plan.choice,
        weights=plan.weights,
        start=_start(plan, len(images.class_names)),
    )
    network, precision, _ = network_in_precision(frozen, is_timed=True, seed=seed)
    training = frozen.pictures(split.train)
    outline = _outline(len(training), plan.choice.size, len(network.blocks), precision, seed)
    pace = time_steps(network, training, outline, a_picture=0.0)
    network.reset_optimiser(outline.blocks)
    return _Built(
        plan=plan,
        frozen=frozen,
        network=network,
        outline=outline,
        images_per_second=outline.batch_size / pace.a_step,
        epochs=training_seconds / (pace.a_step * outline.steps_an_epoch),
    )


def _start(plan: Listed, n_classes: int) -> Start:
    """A first head, on the pictures that the shortlist read."""
    held = folds(plan.labels, seed=0) == 0
    head = fit_head(
        plan.features[~held],
        plan.labels[~held],
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
        rate=_RATE,
        blocks=tuple(range(n_blocks)),
        precision=precision,
        variety=Variety(),
        mixup=False,
        by_clock=True,
    )

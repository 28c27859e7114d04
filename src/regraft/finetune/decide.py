"""From measurements to a training plan: which variations, which blocks, what rate, how long."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.adapt.views import View
from regraft.finetune.augment import Tried, Variety, commonest, propose, views_of
from regraft.finetune.batches import Pictures
from regraft.finetune.loop import Judge, evaluate
from regraft.finetune.network import Network
from regraft.finetune.pace import Pace, seconds_after, steps_in, time_steps
from regraft.finetune.plan import TrainingPlan, batch_size_for, evaluate_every
from regraft.finetune.trial import Arm, best_of, n_runs, rate_for, try_arms
from regraft.observer import Observer

# What the best arm of a trial must show to pay: its loss below this part of the head's, while the
# loss on pictures as they are may, so early, be above it by a little.
PAYS, PAYS_CLEAN = 0.95, 1.1
RATE_UNTRIED = 1e-4  # where there is no time for a trial

_TRIAL_PART = 0.15  # of the time left, for all arms together
_TRIAL_STEPS = (8, 60)  # least and most of one arm: with fewer it would only tell noise
_TRIAL_SHARE = 20  # a trial's arm is this part of a run of fixed length
_EVALUATED = (200, 2_000)  # validation pictures that an evaluation scores, least and most
_AVERAGING_PART = 0.08  # of the time left, for scoring in several views
_EVALUATION_PART = 0.02  # of the time left, for one of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What was asked for."""

    epochs: int | None  # None: as many as the time holds
    mixup: bool
    must_pay: bool  # else it is done whatever the trial says
    averages: bool | None  # over views of a picture; None: where that helps and takes little time
    seed: int
    precision: str  # that the network computes in


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decision:
    """A plan and what was measured for it."""

    plan: TrainingPlan
    variations: tuple[Tried, ...]
    arms: tuple[Arm, ...]  # the first is the frozen head; none if there was no time
    n_evaluated: int  # validation pictures an evaluation scores
    a_picture: float  # seconds to score it, when this was decided
    n_after: int  # pictures that time is kept for, to be scored after training
    averages: bool  # of them, those that averaging over views needs

    def as_json(self) -> dict[str, Any]:
        """What was measured, as plain data."""
        return {
            "variations": [
                {"variation": str(tried.variety), "cost": tried.cost, "noise": tried.noise,
                 "pictures": tried.n, "used": tried.keeps_classes}
                for tried in self.variations
            ],
            "trial": [asdict(arm) for arm in self.arms],
            "n_evaluated": self.n_evaluated,
            "a_picture": self.a_picture,
            "n_after": self.n_after,
            "averages": self.averages,
        }  # fmt: skip


def decide(
    network: Network,
    training: Pictures,
    sample: Pictures,
    judge: Judge,
    wishes: Wishes,
    *,
    deadline: float | None,
    n_after: int,
    n_a_view: int = 0,
    listener: Observer,
) -> Decision | None:
    """Measure and decide. The network must be compiled for all its blocks; it stays as it was.

    Args:
        network: As it starts.
        training: Pictures to train on.
        sample: Validation pictures.
        judge: Scores.
        wishes: What was asked for.
        deadline: When all must be over, on `time.monotonic`. None: no clock is looked at, and
            the same seed decides the same.
        n_after: Pictures that will be scored after training.
        n_a_view: Pictures more for every further view that answers are averaged over.
        listener: Is told what was found.

    Returns:
        None if it must pay, and does not or has no time to.
    """
    variety, tried, a_picture = _vary(network, sample, seed=wishes.seed)
    listener.note(_on_variations(variety, tried))
    plan = _outline(network, training, variety, wishes)

    n_averaging = n_a_view * max(0, len(views_of(variety)) - 1)
    pace, averages = None, n_averaging > 0 and wishes.averages is not False
    if deadline is None:
        n_after += n_averaging * averages
        trial_steps = max(_TRIAL_STEPS[0], min(_TRIAL_STEPS[1], plan.steps // _TRIAL_SHARE))
    else:
        left = deadline - time.monotonic()
        is_cheap = n_averaging * a_picture < _AVERAGING_PART * left
        averages = averages and (is_cheap or wishes.averages is True)
        n_after += n_averaging * averages
        deadline -= seconds_after(n_after, a_picture)
        pace = time_steps(network, training, plan, a_picture=a_picture)
        an_arm = _TRIAL_PART * (deadline - time.monotonic()) / n_runs()
        an_arm -= 2 * len(sample) * a_picture
        trial_steps = min(_TRIAL_STEPS[1], int(an_arm / pace.a_step))
    arms: tuple[Arm, ...] = ()
    if trial_steps >= _TRIAL_STEPS[0]:
        arms = try_arms(
            network, plan, training, sample, judge, steps=trial_steps, listener=listener
        )
    plan, n_evaluated = _with_length(plan, pace, deadline)
    if arms:
        an_epoch = max(1, len(training) // plan.batch_size)
        best = best_of(arms[1:], steps=plan.steps, steps_an_epoch=an_epoch)
        rate = rate_for(best, arms[1:], steps=plan.steps)
        plan = replace(plan, rate=rate, blocks=best.blocks)
        listener.note(_on_trial(arms, best, rate))
    if wishes.must_pay and not _pays(arms):
        listener.note("Fine-tuning does not pay in a short trial: the frozen head stays.")
        return None
    if wishes.must_pay and plan.steps < 2 * trial_steps:
        listener.note("The budget leaves no time to fine-tune: the frozen head stays.")
        return None
    return Decision(
        plan=plan,
        variations=tried,
        arms=arms,
        n_evaluated=n_evaluated,
        a_picture=a_picture,
        n_after=n_after,
        averages=averages,
    )


def _vary(
    network: Network, sample: Pictures, *, seed: int
) -> tuple[Variety, tuple[Tried, ...], float]:
    """What variations keep the classes, and the seconds it takes to score a picture."""
    labels, times = sample.labels, [time.monotonic()]

    def rightly(views: list[View]) -> npt.NDArray[np.bool_]:
        logits = evaluate(network, sample, views=views)
        times.append(time.monotonic())
        right: npt.NDArray[np.bool_] = logits.argmax(axis=1) == labels
        return right

    variety, tried = propose(rightly, len(sample), guessed=commonest(labels), seed=seed)
    passes = len(times) - 2  # the first one builds the graph
    return variety, tried, (times[-1] - times[1]) / (passes * len(sample))


def _outline(
    network: Network, training: Pictures, variety: Variety, wishes: Wishes
) -> TrainingPlan:
    """The plan before rates, blocks and, where the clock decides, its length are known."""
    n_train = len(training)
    batch_size = batch_size_for(n_train, training.size)
    steps_an_epoch = n_train // batch_size
    steps = (wishes.epochs or 1) * steps_an_epoch
    return TrainingPlan(
        seed=wishes.seed,
        n_train=n_train,
        batch_size=batch_size,
        steps=steps,
        evaluate_every=evaluate_every(steps, steps_an_epoch),
        rate=RATE_UNTRIED,
        blocks=tuple(range(len(network.blocks))),
        precision=wishes.precision,
        variety=variety,
        mixup=wishes.mixup,
        by_clock=wishes.epochs is None,
    )


def _with_length(
    plan: TrainingPlan, pace: Pace | None, deadline: float | None
) -> tuple[TrainingPlan, int]:
    """The plan with its steps, and how many pictures an evaluation scores."""
    least, most = _EVALUATED
    if pace is None or deadline is None:
        return plan, most
    left = deadline - time.monotonic()
    n_evaluated = int(_EVALUATION_PART * left / (2 * pace.a_picture))  # as they are, and averaged
    n_evaluated = min(max(n_evaluated, least), most)
    steps = steps_in(left, pace, plan, an_evaluation=2 * n_evaluated * pace.a_picture)
    return plan.lasting(steps), n_evaluated


def _pays(arms: tuple[Arm, ...]) -> bool:
    if not arms:
        return False
    frozen, best = arms[0], best_of(arms[1:])
    return best.loss < PAYS * frozen.loss and best.clean_loss < PAYS_CLEAN * frozen.clean_loss


def _on_variations(variety: Variety, tried: tuple[Tried, ...]) -> str:
    costs = "; ".join(
        f"{each.variety} costs {100 * each.cost:.1f} points"
        f"{'' if each.keeps_classes else ' and is not used'}"
        for each in tried
    )
    return f"Training pictures are {variety}. On the frozen head: {costs}."


def _on_trial(arms: tuple[Arm, ...], best: Arm, rate: float) -> str:
    rows = "; ".join(
        f"{arm.name} at rate {arm.rate:g}: {arm.loss:.4f}" if arm.steps else f"head: {arm.loss:.4f}"
        for arm in arms
    )
    why = ", as the run is long" if rate > best.rate else ""
    return (
        f"Trial of {best.steps} steps an arm, validation loss: {rows}. "
        f"Chosen: {best.name} at rate {rate:g}{why}."
    )

"""Short runs that decide how far to unfreeze and how fast, all on the same batches.

Every arm starts at the head and is scored by its loss on validation pictures, which is smoother
than accuracy: as they are, and varied like the training pictures. On the former alone every short
run loses at first, since the head was fitted to exactly such pictures; the latter show who learns.
One compiled graph serves all arms: what an arm does not train moves at rate 0.
"""

from dataclasses import dataclass, replace

import numpy as np

from regraft.finetune.batches import Pictures, training_batches
from regraft.finetune.loop import Judge, evaluate
from regraft.finetune.network import Network
from regraft.finetune.plan import TrainingPlan
from regraft.finetune.rates import rate_at
from regraft.observer import Observer

RATES = (3e-4, 1e-3, 1e-4)
# What trains less than everything must be ahead by so much: a short run is ahead with few blocks,
# and a long one then has nothing left to learn with (MNIST, three of five blocks: 0.991 after 0.6
# and after 3 epochs).
WHOLE_UNLESS = 0.95  # of the loss
# The same where the run is so many times as long as an arm, at least. Ten times: only the first of
# three blocks of VGG16 at 48 px was 6% ahead on MNIST after 60 steps, on pictures of which ten were
# wrong. Fifty times: VGG16 at 32 px came to 0.029 there with its head only and to 0.041 with all;
# in twenty minutes to 0.9954 of the test pictures with the one and to 0.9971 with the other.
_WHOLE_UNLESS_LONG = ((50, 0.4), (10, 0.8))
_FRESH = 10  # epochs: on pictures that were seen more often, longer does not mean more to learn
# A short run measures what a rate destroys at first, and not what it comes to. So a run that is so
# many times as long takes the largest rate whose loss is within so many times the least. (MNIST,
# EfficientNet-Lite0 at 48 px, 3e-4 and 1e-3: loss 0.0235 and 0.0330 after 60 steps; of 9,000
# validation pictures 0.9914 and 0.9928 right after 1,195. At 3e-3 then 0.9931: within noise.
# MobileNetV2 at 64 px: 0.040 and 0.063 after 60; 0.0236 and 0.0197 after 1,195.)
_BEARABLE = ((50, 2.5), (10, 1.5))  # times as long, at least; times the least loss, at most
_ALL, _LAST, _EARLY, _HEAD = "all blocks", "last blocks", "early blocks", "head only"


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """One short run, or the start itself (no steps)."""

    name: str
    blocks: tuple[int, ...]
    rate: float
    steps: int
    accuracy: float  # on the validation sample
    clean_loss: float  # there, at the best temperature
    loss: float  # the mean of this and of the loss on the same pictures, varied


def n_runs() -> int:
    """How many short runs a trial makes."""
    return len(RATES) + 3


def try_arms(
    network: Network,
    plan: TrainingPlan,
    training: Pictures,
    validation: Pictures,
    judge: Judge,
    *,
    steps: int,
    listener: Observer,
) -> tuple[Arm, ...]:
    """Run the arms; the first of the result is the start.

    First the rates, with everything unfrozen; then the other depths at the best of them. The
    network must be compiled for all its blocks, and is left at its start.

    Args:
        network: As it starts.
        plan: Of the real run; an arm differs by its steps, its rate and its blocks.
        training: Pictures.
        validation: A sample.
        judge: Scores.
        steps: Of every arm.
        listener: Is told how it goes.
    """
    start = network.learnt()
    everything = tuple(range(len(network.blocks)))
    middle = max(1, len(everything) // 2)
    views = plan.variety.draw(len(validation), np.random.default_rng(plan.seed))
    arms: list[Arm] = []

    def score(name: str, blocks: tuple[int, ...], rate: float, n_steps: int) -> None:
        accuracy, clean = judge(evaluate(network, validation), validation.labels)
        varied = clean
        if not plan.variety.is_none:
            _, varied = judge(evaluate(network, validation, views=views), validation.labels)
        arms.append(
            Arm(
                name=name,
                blocks=blocks,
                rate=rate,
                steps=n_steps,
                accuracy=accuracy,
                clean_loss=clean,
                loss=(clean + varied) / 2,
            )
        )
        listener.advance("trial", len(arms), n_runs() + 1)

    def run(name: str, blocks: tuple[int, ...], rate: float) -> None:
        network.assign(start)
        network.reset_optimiser(blocks)
        take_steps(network, replace(plan, steps=steps, rate=rate, blocks=blocks), training)
        score(name, blocks, rate, steps)

    score("frozen", (), 0.0, 0)
    for rate in RATES:
        run(_ALL, everything, rate)
    rate = best_of(arms[1:]).rate
    for name, blocks in ((_LAST, everything[middle:]), (_EARLY, everything[:middle]), (_HEAD, ())):
        run(name, blocks, rate)
    network.assign(start)
    return tuple(arms)


def take_steps(network: Network, plan: TrainingPlan, training: Pictures) -> None:
    """Train for all steps of a plan, with its rates and nothing else."""
    batches = training_batches(training, plan, first=0)
    for step, (pictures, targets) in zip(range(plan.steps), batches, strict=False):
        network.step(pictures, targets, rate=rate_at(step, steps=plan.steps, peak=plan.rate))


def best_of(arms: list[Arm] | tuple[Arm, ...], *, steps: int = 0, steps_an_epoch: int = 0) -> Arm:
    """The arm of least loss among those that train everything, unless one of less is well ahead.

    Of equal ones the first.

    Args:
        arms: Without the start.
        steps: Of the run it is for, as far as known.
        steps_an_epoch: Of that run, 0 where its length is not known.
    """
    least = min(arms, key=lambda arm: arm.loss)
    whole = min((arm for arm in arms if arm.name == _ALL), key=lambda arm: arm.loss, default=least)
    times = min(steps, _FRESH * steps_an_epoch) / max(1, whole.steps)
    unless = next((most for long, most in _WHOLE_UNLESS_LONG if times >= long), WHOLE_UNLESS)
    return least if least.loss < unless * whole.loss else whole


def rate_for(best: Arm, arms: tuple[Arm, ...], *, steps: int) -> float:
    """The rate for a run of so many steps that trains what the best arm did.

    Source:
        Wu et al., "Understanding Short-Horizon Bias in Stochastic Meta-Optimization", ICLR 2018,
        https://arxiv.org/abs/1803.02021: rates chosen by short runs are too low for long ones.
    """
    factor = next((most for long, most in _BEARABLE if steps >= long * best.steps), None)
    if factor is None:
        return best.rate
    bound = factor * best.loss
    bearable = (arm.rate for arm in arms if arm.name == _ALL and arm.loss <= bound)
    return max((best.rate, *bearable))

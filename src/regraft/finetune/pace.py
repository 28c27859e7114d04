"""What a step and a scored picture cost here and now, and how many steps a time holds."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from regraft.finetune.batches import Pictures, training_batches
from regraft.finetune.network import Network
from regraft.finetune.plan import EVALUATIONS_AT_LEAST, TrainingPlan

SPARE = 0.97  # of the time left is planned

_TIMED_STEPS = 4
_USERS_WAY = 1.3  # an artefact reads and resizes picture by picture: so much slower, about
_SAVING_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Measured seconds."""

    a_step: float
    a_picture: float  # to score it


def time_steps(
    network: Network, training: Pictures, plan: TrainingPlan, *, a_picture: float
) -> Pace:
    """Time a few steps at rate 0, which move nothing but the optimiser's moments."""
    times = []
    batches = training_batches(training, plan, first=0)
    for _, (pictures, targets) in zip(range(2 + _TIMED_STEPS), batches, strict=False):
        network.step(pictures, targets, rate=0.0)
        times.append(time.monotonic())
    # the first step builds the graph, and the second still warms up
    return Pace(a_step=(times[-1] - times[1]) / _TIMED_STEPS, a_picture=a_picture)


def step_at_rest(network: Network, training: Pictures, n: int) -> Callable[[], object]:
    """A step of training on the first n pictures that moves only the optimiser's moments."""
    n_classes = len(training.images.class_names)
    pictures = training.read(np.arange(n))
    targets = np.eye(n_classes, dtype=np.float32)[training.labels[:n]]
    return lambda: network.step(pictures, targets, rate=0.0)


def seconds_after(n_pictures: int, a_picture: float) -> float:
    """What comes after training: scoring so many pictures, and saving."""
    return n_pictures * a_picture * _USERS_WAY + _SAVING_SECONDS


def steps_in(seconds: float, pace: Pace, plan: TrainingPlan, *, an_evaluation: float) -> int:
    """Steps that fit, with their evaluations; at least 1."""
    seconds *= SPARE
    # one evaluation an epoch, or a few in all where the run is shorter than so many epochs
    by_epoch = seconds / (pace.a_step + an_evaluation / plan.steps_an_epoch)
    if by_epoch < EVALUATIONS_AT_LEAST * plan.steps_an_epoch:
        by_epoch = (seconds - EVALUATIONS_AT_LEAST * an_evaluation) / pace.a_step
    return max(1, min(int(by_epoch), plan.steps_at_most))

"""The training loop: steps, evaluations, checkpoints, and the ways a run may end."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from regraft.adapt.views import View
from regraft.features.stream import default_batch_size
from regraft.finetune.batches import Pictures, training_batches
from regraft.finetune.checkpoint import Checkpoint, Evaluation, Progress, State
from regraft.finetune.network import Network, Tensors
from regraft.finetune.pace import seconds_after
from regraft.finetune.plan import TrainingPlan
from regraft.finetune.rates import rate_at
from regraft.observer import Observer
from regraft.records import FloatArray, IntArray

Ended = Literal["finished", "no longer better", "out of time", "stopped", "diverged"]

CHECKPOINT_SECONDS = 20.0  # between checkpoints, at least
AVERAGE_EVERY = 4  # steps; copying the weights out at each would cost more than it tells
_AVERAGED_PART = 0.1  # of the run: what the moving average remembers
_RENEW = 0.03  # a forecast that is off by less is left alone

Judge = Callable[[FloatArray, IntArray], tuple[float, float]]
"""Accuracy, and loss at the best temperature, of logits (n, k) for labels (n,)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Limits:
    """What may end a run before its last step."""

    stop: Callable[[], bool] = lambda: False  # asked after every step
    deadline: float | None = None  # when all must be over, on `time.monotonic`
    n_after: int = 0  # pictures to be scored after training, before the deadline
    a_picture: float = 0.0  # seconds to score one, as far as known before
    # when a process that resumes began, on `time.monotonic`: what it did since is time spent, too
    began: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """A run that has come to its end, or was stopped."""

    best: Tensors  # the weights of the evaluation with the least loss
    averaged: Tensors  # the moving average at the end, where the rate was small
    progress: Progress
    ended: Ended
    images_per_second: float  # of training steps in this process


def train(
    network: Network,
    plan: TrainingPlan,
    training: Pictures,
    validation: Pictures,
    judge: Judge,
    *,
    checkpoint: Checkpoint | None,
    limits: Limits,
    listener: Observer,
) -> Outcome:
    """Train until the plan is done, it no longer helps, or a limit is met.

    Goes on from the checkpoint, if there is one. The network must have been given `plan.blocks`
    to train; its weights are left at the best.
    """
    run = _Run(network, plan, training, validation, judge, checkpoint, limits, listener)
    return run.go()


def evaluate(
    network: Network, pictures: Pictures, *, views: list[View] | None = None
) -> FloatArray:
    """Logits (n, k) of all pictures, in order; of each in its view, if views are given."""
    batches = pictures.in_order(views, size=default_batch_size(pictures.size))
    return np.concatenate([network.logits(batch) for batch in batches])


class _Run:
    """The state of a run between its steps."""

    def __init__(
        self,
        network: Network,
        plan: TrainingPlan,
        training: Pictures,
        validation: Pictures,
        judge: Judge,
        checkpoint: Checkpoint | None,
        limits: Limits,
        listener: Observer,
    ) -> None:
        self.network, self.plan, self.judge = network, plan, judge
        self.training, self.validation = training, validation
        self.checkpoint, self.limits, self.listener = checkpoint, limits, listener
        found = None if checkpoint is None else checkpoint.load()
        if found is None:
            start = network.learnt()
            self.progress = Progress(steps=plan.steps)
            self.average, self.best = dict(start), start
        else:
            network.assign(found.learnt)
            network.assign_optimiser(found.optimiser)
            self.progress, self.average, self.best = found.progress, found.average, found.best
            listener.note(f"Resumed after step {self.progress.step:,}.")
        self._saved = time.monotonic()
        self._began = self._saved if limits.began is None else limits.began
        self._spent_before = self.progress.seconds
        self._in_steps, self._n_steps = 0.0, 0
        self._paced_since: float | None = None
        self._a_picture = limits.a_picture
        remembered = max(1.0, _AVERAGED_PART * plan.steps / AVERAGE_EVERY)
        self._forget = np.float32(1 / remembered)

    def go(self) -> Outcome:
        ended = self._steps()
        if ended != "diverged":  # the last good state comes to the same point again
            self._save()
        self.network.assign(self.best)
        return Outcome(
            best=self.best,
            averaged=self.average,
            progress=self.progress,
            ended=ended,
            images_per_second=self._pace(),
        )

    def _steps(self) -> Ended:
        plan, progress = self.plan, self.progress
        if self._is_over():
            return "finished"
        # endless: the end may move
        batches = training_batches(self.training, plan, first=progress.step)
        started = time.monotonic()
        for pictures, targets in batches:
            rate = rate_at(progress.step, steps=progress.steps, peak=plan.rate)
            loss = self.network.step(pictures, targets, rate=rate)
            if not math.isfinite(loss):
                self.network.assign(self.best)
                self.listener.note(
                    f"The loss is no number any more after step {progress.step:,}: the best "
                    "weights so far are kept."
                )
                return "diverged"
            progress.loss_sum += loss
            progress.loss_count += 1
            progress.step += 1
            if progress.step % AVERAGE_EVERY == 0:
                self._move_average()
            now = time.monotonic()
            if self._paced_since is None:
                self._paced_since = now  # the first step also built the graph: no measure of pace
            else:
                self._in_steps += now - started
                self._n_steps += 1
            self.listener.advance("finetune", progress.step, progress.steps)
            is_late = now > self._end()
            is_last = progress.step >= progress.steps
            if is_last or is_late or progress.step % plan.evaluate_every == 0:
                self._evaluate()
                if is_late and not is_last:
                    return "out of time"
                if self._is_over():
                    return "finished" if is_last else "no longer better"
                self._renew_forecast()
                self._save()
            elif now - self._saved > CHECKPOINT_SECONDS:
                self._save()
            if self.limits.stop():
                self.listener.note(
                    f"Asked to stop, at step {progress.step:,}: what there is is scored and kept. "
                    "Asked again, it ends at once, and can be resumed."
                )
                return "stopped"
            started = time.monotonic()
        return "finished"

    def _is_over(self) -> bool:
        progress = self.progress
        return progress.step >= progress.steps or progress.since_best >= self.plan.patience

    def _end(self) -> float:
        """When training must stop, so that all that follows is over by the deadline."""
        if self.limits.deadline is None:
            return math.inf
        # a busy machine scores slower than it did at first: the last pace counts
        last_evaluation = 2 * len(self.validation) * self._a_picture
        after = seconds_after(self.limits.n_after, self._a_picture)
        return self.limits.deadline - last_evaluation - after

    def _move_average(self) -> None:
        for name, values in self.network.learnt().items():
            self.average[name] = self.average[name] + self._forget * (values - self.average[name])

    def _evaluate(self) -> None:
        """Score the weights as they are and averaged, and keep whichever is the best so far."""
        progress = self.progress
        last = self.network.learnt()
        mean_loss = progress.loss_sum / max(1, progress.loss_count)
        progress.since_best += 1
        both, began = [], time.monotonic()
        for kind, weights in (("last", last), ("averaged", dict(self.average))):
            self.network.assign(weights)
            accuracy, loss = self.judge(
                evaluate(self.network, self.validation), self.validation.labels
            )
            both.append(
                Evaluation(
                    step=progress.step,
                    weights=kind,
                    accuracy=accuracy,
                    loss=loss,
                    training_loss=mean_loss,
                )
            )
            if progress.best is None or loss < progress.best.loss:
                progress.best, progress.since_best, self.best = both[-1], 0, weights
        self.network.assign(last)
        self._a_picture = (time.monotonic() - began) / (2 * len(self.validation))
        progress.history += both
        progress.loss_sum, progress.loss_count = 0.0, 0
        self._tell(both)

    def _pace(self) -> float:
        """Pictures a second in training steps."""
        return self._n_steps * self.plan.batch_size / max(self._in_steps, 1e-9)

    def _tell(self, both: list[Evaluation]) -> None:
        progress, plan = self.progress, self.plan
        pace = self._pace()
        left = (progress.steps - progress.step) * plan.batch_size / max(pace, 1e-9)
        last, averaged = both
        self.listener.note(
            f"Step {progress.step:,} of {progress.steps:,}: training loss "
            f"{last.training_loss:.4f}, validation {last.accuracy:.4f} "
            f"(averaged weights {averaged.accuracy:.4f})"
            + (f"; {pace:,.0f} pictures a second, about {_duration(left)} left." if pace else ".")
        )

    def _renew_forecast(self) -> None:
        """Where the clock decides, move the end to where the pace so far leads."""
        since = self._paced_since
        if not self.plan.by_clock or self.limits.deadline is None:
            return
        if since is None or not self._n_steps:  # nothing is known yet
            return
        now = time.monotonic()
        a_step = (now - since) / self._n_steps  # with its share of evaluations and checkpoints
        steps = self.progress.step + max(1, int((self._end() - now) / max(a_step, 1e-9)))
        steps = min(steps, self.plan.steps_at_most)
        if abs(steps - self.progress.steps) > _RENEW * self.progress.steps:
            self.progress.steps = steps

    def _save(self) -> None:
        self._saved = time.monotonic()
        self.progress.seconds = self._spent_before + self._saved - self._began
        if self.checkpoint is not None:
            self.checkpoint.save(
                State(
                    progress=self.progress,
                    learnt=self.network.learnt(),
                    average=self.average,
                    best=self.best,
                    optimiser=self.network.optimiser_state(),
                )
            )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"

"""A head with one hidden layer: what a linear one cannot tell apart, with many pictures.

Trained with AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019,
https://arxiv.org/abs/1711.05101) at a rate that falls to 0 like a cosine. It is averaged with the
linear head: trained on 51,000 pictures of Fashion-MNIST both together err less than either.
"""

import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from regraft.deadline import Deadline
from regraft.heads.blas import one_thread_a_product
from regraft.heads.linear import softmax
from regraft.heads.solver import Examples, Scaling, measure_scaling
from regraft.records import FloatArray, HiddenHead, IntArray

UNITS = 512
LEAST_EPOCHS, MOST_EPOCHS = 2, 12  # decision 19 has what more and fewer came to
MACS_A_FEATURE = 3 * UNITS  # multiply-adds of a row in a step: forward, and backward twice
_BATCH = 256
_RATE = 1e-3
_DECAY = 0.01
_DROPOUT = 0.5  # of the hidden units, while training
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-7  # AdamW's usual constants
_BLOCK = 2**15  # parameters of a step's block: it and its moments stay in a core's cache
_PROBE_STEPS = 12  # enough to know the pace
_MARGIN = 0.9  # of the time left is planned with: the machine may become busier


def seconds_a_row(train: Examples, n_classes: int) -> float:
    """What a row takes each time the head is trained on it, by a few steps."""
    few = Examples(features=train.features[:_BATCH], labels=train.labels[:_BATCH])
    with one_thread_a_product(), ThreadPoolExecutor(os.cpu_count()) as pool:
        scaling, rng = measure_scaling([few]), np.random.default_rng(0)
        training = _Training([few], n_classes, scaling=scaling, rng=rng, pool=pool)
        return training.seconds_a_step() / len(few.labels)


def fit_hidden(
    parts: Sequence[Examples], n_classes: int, *, deadline: Deadline, seed: int = 0
) -> HiddenHead | None:
    """Train the head for as long as there is time, up to `MOST_EPOCHS`.

    Args:
        parts: Rows to fit, all together.
        n_classes: k, at least 2.
        deadline: When it must be done.
        seed: Of the first weights, the order of the rows and the dropout.

    Returns:
        The head, not yet calibrated (its temperature is 1); None if the first steps show that the
        time does not hold `LEAST_EPOCHS`.

    Raises:
        InvalidArgumentError: If a feature is not a finite number.
    """
    scaling = measure_scaling(parts)
    with one_thread_a_product(), ThreadPoolExecutor(os.cpu_count()) as pool:

        def begin() -> _Training:
            rng = np.random.default_rng(seed)
            return _Training(parts, n_classes, scaling=scaling, rng=rng, pool=pool)

        probed = begin()
        affordable = _MARGIN * deadline.left() / probed.seconds_a_step()
        if affordable < LEAST_EPOCHS * probed.steps_an_epoch:
            return None
        training = begin()
        most = MOST_EPOCHS * probed.steps_an_epoch
        training.run(most, None if affordable >= most else deadline)
    return training.head()


class _Training:
    """The parameters for standardised features, and what AdamW remembers of each."""

    def __init__(
        self,
        parts: Sequence[Examples],
        n_classes: int,
        *,
        scaling: Scaling,
        rng: np.random.Generator,
        pool: ThreadPoolExecutor,
    ) -> None:
        d = parts[0].features.shape[1]
        self._parts, self._rng, self._pool = parts, rng, pool
        self._labels = np.concatenate([part.labels for part in parts])
        self._starts = np.cumsum([0, *(len(part.labels) for part in parts)])
        self._mean = scaling.mean.astype(np.float32)
        self._scale = scaling.scale.astype(np.float32)
        self._parameters = [
            _glorot(d, UNITS, rng),
            np.zeros(UNITS, np.float32),
            _glorot(UNITS, n_classes, rng),
            np.zeros(n_classes, np.float32),
        ]
        # each with its two moments, as one row of numbers; and where each block of it begins
        self._flat = [
            (each.reshape(-1), np.zeros(each.size, np.float32), np.zeros(each.size, np.float32))
            for each in self._parameters
        ]
        self._blocks = [
            (index, start)
            for index, each in enumerate(self._parameters)
            for start in range(0, each.size, _BLOCK)
        ]
        self._n_steps = 0
        self.steps_an_epoch = -(-len(self._labels) // _BATCH)

    def seconds_a_step(self) -> float:
        """The median of some steps, which are taken: this training is then of no more use."""
        rows = np.arange(min(_BATCH, len(self._labels)))
        seconds = []
        for _ in range(_PROBE_STEPS):
            began = time.perf_counter()
            self._step(rows, rate=_RATE)
            seconds.append(time.perf_counter() - began)
        return float(np.median(seconds))

    def run(self, most: int, deadline: Deadline | None) -> None:
        """So many steps, or, with a deadline, as many as it holds; the rate falls to 0 with them.

        The last step of each epoch may have fewer rows.
        """
        n, allowed = len(self._labels), 0.0 if deadline is None else deadline.left()
        for done in range(most):
            place = done % self.steps_an_epoch * _BATCH
            if not place:
                order = self._rng.permutation(n)
            share = done / most if deadline is None else 1 - deadline.left() / allowed
            if share >= 1:
                break
            rate = _RATE * (1 + math.cos(math.pi * share)) / 2
            self._step(order[place : place + _BATCH], rate=rate)

    def _step(self, rows: IntArray, *, rate: float) -> None:
        """One step of AdamW on the mean loss of some rows."""
        drawn = self._rng.random((len(rows), UNITS), dtype=np.float32)
        kept = (drawn >= _DROPOUT).astype(np.float32) / np.float32(1 - _DROPOUT)
        cores = min(os.cpu_count() or 1, len(rows))
        parts = list(
            self._pool.map(
                self._gradients, np.array_split(rows, cores), np.array_split(kept, cores)
            )
        )
        self._n_steps += 1
        corrected = rate * np.sqrt(1 - _SECOND**self._n_steps) / (1 - _FIRST**self._n_steps)
        steps = _Steps(share=1 / len(rows), size=float(corrected), kept=1 - rate * _DECAY)

        def update(core: int) -> None:
            for index, start in self._blocks[core::cores]:
                block = slice(start, start + _BLOCK)
                parameter, first, second = (flat[block] for flat in self._flat[index])
                of_parts = [part[index].reshape(-1)[block] for part in parts]
                steps.take(parameter, first, second, of_parts)

        list(self._pool.map(update, range(cores)))

    def _gradients(self, rows: IntArray, kept: FloatArray) -> tuple[FloatArray, ...]:
        into, into_bias, out, out_bias = self._parameters
        inputs = (self._features(rows) - self._mean) * self._scale
        units = np.maximum(inputs @ into + into_bias, 0) * kept
        errors = softmax(units @ out + out_bias)
        errors[np.arange(len(rows)), self._labels[rows]] -= 1
        at_units = (errors @ out.T) * kept * (units > 0)
        return inputs.T @ at_units, at_units.sum(axis=0), units.T @ errors, errors.sum(axis=0)

    def _features(self, rows: IntArray) -> FloatArray:
        """(len(rows), d), from whichever part holds a row: the parts are too large to join."""
        part_of = np.searchsorted(self._starts, rows, side="right") - 1
        features = np.empty((len(rows), len(self._mean)), np.float32)
        for number, part in enumerate(self._parts):
            here = part_of == number
            features[here] = part.features[rows[here] - self._starts[number]]
        return features

    def head(self) -> HiddenHead:
        """The head on raw features: the standardisation is folded in."""
        into, into_bias, out, out_bias = self._parameters
        raw = into * self._scale[:, None]
        return HiddenHead(
            into=raw,
            into_bias=into_bias - self._mean @ raw,
            out=out,
            out_bias=out_bias,
            temperature=1.0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Steps:
    """What all numbers share in one step of AdamW."""

    share: float  # of a row in the mean gradient
    size: float  # the rate, with what both moments lack in their first steps
    kept: float  # of a parameter, after its decay

    def take(
        self,
        parameter: FloatArray,
        first: FloatArray,
        second: FloatArray,
        gradients: Sequence[FloatArray],
    ) -> None:
        """Move some parameters and their moments, in place; the gradients are used up."""
        gradient, *others = gradients
        for other in others:
            gradient += other
        gradient *= np.float32(self.share)
        scratch = gradient - first
        scratch *= np.float32(1 - _FIRST)
        first += scratch
        np.square(gradient, out=gradient)
        gradient -= second
        gradient *= np.float32(1 - _SECOND)
        second += gradient
        np.sqrt(second, out=scratch)
        scratch += np.float32(_TINY)
        np.divide(first, scratch, out=scratch)
        scratch *= np.float32(self.size)
        parameter *= np.float32(self.kept)
        parameter -= scratch


def _glorot(n_in: int, n_out: int, rng: np.random.Generator) -> FloatArray:
    """Glorot and Bengio's uniform first weights (AISTATS 2010), Keras's default."""
    end = np.sqrt(6 / (n_in + n_out))
    weights: FloatArray = rng.uniform(-end, end, (n_in, n_out)).astype(np.float32)
    return weights

"""How precisely a plan must multiply: bfloat16 or int8 where a head does as well on them.

A head is fitted to features of the lower precision and asked about pictures left out, both in
that precision, as a fit measures it, and in float32, as the classifier answers later.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regraft.backbones.weights import Weights
from regraft.data.source import ImageSet
from regraft.deadline import Deadline, OutOfTime
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.verdicts import Verdict, remembered, verdict_key
from regraft.features.stream import Network
from regraft.heads.blas import one_thread_a_product
from regraft.heads.choose_l2 import L2_PER_FEATURE
from regraft.planning.default import Choice
from regraft.planning.judge import Judgement, cross_validate
from regraft.planning.passes import Readings

PICTURES = 4096  # of the probe: a tenth of a point is four of them
WORTH_IT = 5 * PICTURES  # pictures: on fewer, asking takes longer than a lower precision saves
MOST_LOST = 0.001  # of the accuracy
LEAST_GAIN = 1.2  # times as fast as float32
# int8 against bfloat16: 1.5 to 2 times as fast (benchmarks/extract.py), and not always borne; to
# quantise a network and load it takes 5 s to 9 s on two cores.
HOPED_OF_ANOTHER, SECONDS_FOR_ANOTHER = 1.4, 7.0
_VERSION = 2  # part of every key: raise it when another answer could come out

Note = Callable[[str], None]


def choose_precision(
    probe: ImageSet,
    choice: Choice,
    engine: Runtime,
    *,
    is_named: bool = True,
    weights: Weights,
    n_classes: int,
    seed: int,
    folder: Path,
    note: Note,
    n_to_read: int | None = None,
    deadline: Deadline | None = None,
    l2_per_feature: tuple[float, ...] = L2_PER_FEATURE,
) -> tuple[Runtime, float | None]:
    """The runtime in the fastest precision that costs at most `MOST_LOST`, and its pace.

    Args:
        probe: Training pictures in an order of which every beginning is stratified; the first
            `PICTURES` are read.
        choice: The plan.
        engine: The runtime in float32.
        is_named: Whether the user named it; else TensorFlow takes over where it is wrong.
        weights: Of the backbone.
        n_classes: k.
        seed: Decides the folds.
        folder: Where verdicts are remembered, by machine, versions, plan and pictures.
        note: Is told what was found.
        n_to_read: Pictures that will be read, so that no precision is asked about that could save
            less than the question takes; None: all are asked about.
        deadline: When to stop asking; what was found by then counts, and is not remembered.
        l2_per_feature: Penalties to choose from.

    Returns:
        The runtime, and its pictures a second where they were measured.
    """
    lower = tuple((runtime.precision, runtime.version()) for runtime in engine.faster())
    if not lower:
        return engine, None
    some = probe.take(np.arange(min(PICTURES, len(probe))))
    key = verdict_key(
        engine, _VERSION, lower, choice.row.name, weights.sha256, choice.size, choice.requests,
        some.fingerprint(), n_to_read, seed,
    )  # fmt: skip

    def ask() -> Verdict:
        asking = _Asking(
            some=some,
            choice=choice,
            is_named=is_named,
            weights=weights,
            n_classes=n_classes,
            seed=seed,
            n_to_read=n_to_read,
            deadline=deadline or Deadline(math.inf),
        )
        return asking.all(engine, l2_per_feature)

    try:
        verdict = remembered(folder / "precisions.json", key, ask)
    except OutOfTime:
        note("Precision: float32; there was no time to try a lower one.")
        return engine, None
    note(f"Precision: {verdict['because']}")
    found = next((r for r in engine.faster() if r.precision == verdict["precision"]), engine)
    return found, float(verdict["images_per_second"][found.precision])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Asking:
    """One precision after the other, on the same pictures and folds."""

    some: ImageSet
    choice: Choice
    is_named: bool
    weights: Weights
    n_classes: int
    seed: int
    n_to_read: int | None
    deadline: Deadline

    def all(self, engine: Runtime, l2_per_feature: tuple[float, ...]) -> Verdict:
        exact = self._read(engine)
        with one_thread_a_product():
            judged = self._judge(exact, l2_per_feature)
        paces = {engine.precision: _pace(exact)}
        scores = {engine.precision: float(judged.correct.mean())}
        best, described, is_complete = engine, [], True
        for lower in engine.faster():
            if best is not engine and not self._is_worth_asking(paces[best.precision]):
                described.append(f"{lower.precision} would save less time than it takes to ask")
                break
            try:
                read = self._read(lower, built=exact.built)
                with one_thread_a_product():
                    there = self._judge(read, (judged.l2_per_feature,), asked_too=exact)
            except OutOfTime:
                is_complete = False
                described.append(f"no time for {lower.precision}")
                break
            paces[lower.precision] = _pace(read)
            lost = max(_lost(judged.correct, there.correct), _lost(judged.correct, there.elsewhere))
            scores[lower.precision] = float(there.correct.mean())
            gain = paces[lower.precision] / paces["float32"]
            described.append(
                f"{lower.precision} {scores[lower.precision]:.4f}, {gain:.1f} x as fast"
            )
            is_fastest = paces[lower.precision] > paces[best.precision]
            if lost <= MOST_LOST and gain >= LEAST_GAIN and is_fastest:
                best = lower
        return {
            "plan": _name(self.choice),
            "precision": best.precision,
            "because": (
                f"{best.precision}. A head on float32 features has {scores['float32']:.4f} on "
                f"{len(self.some):,} pictures left out; {'; '.join(described)}."
            ),
            "accuracy": scores,
            "images_per_second": {name: round(pace, 1) for name, pace in paces.items()},
            "complete": is_complete,
        }

    def _is_worth_asking(self, images_per_second: float) -> bool:
        return self.n_to_read is None or is_worth_another(self.n_to_read, images_per_second)

    def _read(self, runtime: Runtime, built: Network | None = None) -> Readings:
        readings = Readings(
            row=self.choice.row,
            weights=self.weights,
            size=self.choice.size,
            is_named=self.is_named,
            built=built,
        )
        n = len(self.some)
        readings.extend(self.some, n, self.choice.requests, runtime, self.deadline)
        return readings

    def _judge(
        self, read: Readings, l2_per_feature: tuple[float, ...], asked_too: Readings | None = None
    ) -> Judgement:
        self.deadline.check()
        return cross_validate(
            read.of(self.choice),
            self.some.labels,
            self.n_classes,
            l2_per_feature=l2_per_feature,
            seed=self.seed,
            groups=self.some.groups,
            asked_too=None if asked_too is None else asked_too.of(self.choice),
        )


def is_worth_another(n_images: int, images_per_second: float) -> bool:
    """Would a precision faster than bfloat16 likely save more than asking about it takes?

    Args:
        n_images: Pictures to be read.
        images_per_second: Of bfloat16.
    """
    saved = n_images * (1 - 1 / HOPED_OF_ANOTHER)
    asked = PICTURES / HOPED_OF_ANOTHER
    return (saved - asked) / images_per_second > SECONDS_FOR_ANOTHER


def _lost(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> float:
    return float(before.mean() - after.mean())


def _pace(readings: Readings) -> float:
    return readings.pace.images_per_second if readings.pace else 1.0


def _name(choice: Choice) -> str:
    taps = "+".join(f"{tap} {grid}x{grid}" for tap, grid in choice.requests)
    return f"{choice.row.name} {choice.size} px {taps}"

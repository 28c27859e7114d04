"""How far two arms differ, and how sure that is: the same rows, answered twice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.diagnose import recorded
from regraft.diagnose.laboratory import Laboratory, Run
from regraft.diagnose.replays import Replay

# Two runs agree by chance now and then: less is not believed. A gain that this leaves undecided is
# measured from a second seed, and then decided by its own spread.
LEAST_NOISE = 0.01
# Where a fault is a matter of luck: points that two repaired runs lie apart at most, or below the
# luckier one as it is, and that the repair gains on average. (Logits read as probabilities: one run
# of digits in two learns nothing, 0.14, the other all, 0.93; repaired 0.93 and 0.94.)
STEADY, OF_LUCK = 0.05, 0.2
Z = 1.96


def noise_between_seeds(laboratory: Laboratory) -> float:
    """Standard deviation of the accuracy between seeds, from the unrepaired script run twice."""
    again = laboratory.run([], seed=1)
    if again is None:
        return LEAST_NOISE
    apart = abs(again[0].accuracy - recorded.measured(laboratory.score)) / math.sqrt(2)
    return max(apart, LEAST_NOISE)


def difference(
    laboratory: Laboratory,
    seeds: Sequence[tuple[Run, Run]],
    noise: float,
) -> tuple[float, float, float]:
    """Mean gain from the first to the second arm of each seed, with a 95 % interval.

    `noise` stands for what two seeds would show where there is one. Many a fault makes the
    outcome a matter of luck: the repaired arm then varies far less than the script as it is.
    """
    gain = float(np.mean([b[0].accuracy - a[0].accuracy for a, b in seeds]))
    rows = _row_error(laboratory, seeds)
    between = math.sqrt(2) * noise
    if len(seeds) > 1:
        before = [a[0].accuracy for a, _ in seeds]
        after = [b[0].accuracy for _, b in seeds]
        varies = np.var(before, ddof=1) + np.var(after, ddof=1)
        # each time about as good as the luckiest run without: what varies is the fault's own doing
        is_steady = max(after) - min(after) <= STEADY and min(after) >= max(before) - STEADY
        if is_steady and gain >= OF_LUCK:
            varies = np.var(after, ddof=1)
        between = max(math.sqrt(varies / len(seeds)), LEAST_NOISE)
    spread = Z * math.hypot(rows, between)
    return gain, gain - spread, gain + spread


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """What some rows lose from the unrepaired script to an arm."""

    points: float
    error: float  # standard error of the points, paired
    after: float  # accuracy on those rows


def lost_on(laboratory: Laboratory, arm: Run, rows: Sequence[int]) -> Lost | None:
    """On these scored rows only; None where an arm did not score the same."""
    gains, after = _gains(laboratory, laboratory.unrepaired(), arm), _right(laboratory, arm[1])
    if gains is None or after is None:
        return None
    chosen = list(rows)
    lost = -gains[chosen]
    return Lost(
        points=float(lost.mean()),
        error=_standard_error(lost),
        after=float(after[chosen].mean()),
    )


def _row_error(laboratory: Laboratory, seeds: Sequence[tuple[Run, Run]]) -> float:
    """Standard error from the rows scored: paired where both arms scored the same.

    Where all seeds did so in one order, what a row gains is its mean over them.
    """
    gains = [_gains(laboratory, a, b) for a, b in seeds]
    known = [gain for gain in gains if gain is not None]
    orders = {_labels(laboratory, a[1]).tobytes() for a, _ in seeds}
    if len(known) == len(seeds) and len(orders) == 1:
        return _standard_error(np.mean(known, axis=0))
    return float(np.mean([
        _unpaired_error(*pair) if gain is None else _standard_error(gain)
        for pair, gain in zip(seeds, gains, strict=True)
    ]))  # fmt: skip


def _gains(laboratory: Laboratory, a: Run, b: Run) -> npt.NDArray[np.float64] | None:
    """Of each row from the first arm to the second: -1, 0 or 1. None where rows differ."""
    before, after = _right(laboratory, a[1]), _right(laboratory, b[1])
    if before is None or after is None or len(before) != len(after):
        return None
    return after.astype(np.float64) - before


def _unpaired_error(a: Run, b: Run) -> float:
    return math.sqrt(sum(p[0].accuracy * (1 - p[0].accuracy) / max(p[0].n, 1) for p in (a, b)))


def _standard_error(differences: npt.NDArray[np.float64]) -> float:
    return float(np.std(differences) / math.sqrt(len(differences)))


def _right(laboratory: Laboratory, replay: Replay) -> npt.NDArray[np.bool_] | None:
    classes, labels = _kept(laboratory, replay, "classes"), _labels(laboratory, replay)
    return None if classes is None or not len(labels) else classes == labels


def _labels(laboratory: Laboratory, replay: Replay) -> npt.NDArray[np.int64]:
    """Of the rows scored, in their order; none where they were not kept."""
    kept = _kept(laboratory, replay, "labels")
    return np.zeros(0, np.int64) if kept is None else kept


def _kept(laboratory: Laboratory, replay: Replay, what: str) -> npt.NDArray[Any] | None:
    """What a replay kept of the rows of the score that arms are compared by."""
    score = recorded.same_score(replay, laboratory.score, laboratory.baseline)
    number = None if score is None else score.get("number")
    return None if number is None else replay.arrays.get(f"score{number}_{what}")

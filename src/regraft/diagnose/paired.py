"""How far two arms differ, and how sure that is: the same rows, answered twice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    rows = float(np.mean([_row_error(laboratory, a, b) for a, b in seeds]))  # the same rows again
    between = math.sqrt(2) * noise
    if len(seeds) == 2:
        (a, b), (c, d) = seeds
        before, after = (a[0].accuracy, c[0].accuracy), (b[0].accuracy, d[0].accuracy)
        of_after = abs(after[0] - after[1])
        apart = math.hypot(before[0] - before[1], of_after) / 2
        # each time about as good as the luckiest run without: what varies is the fault's own doing
        is_steady = of_after <= STEADY and min(after) >= max(before) - STEADY
        if is_steady and gain >= OF_LUCK:
            apart = of_after / 2
        between = max(apart, LEAST_NOISE)
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
    before, after = _right(laboratory, laboratory.baseline), _right(laboratory, arm[1])
    if before is None or after is None or len(before) != len(after):
        return None
    chosen = list(rows)
    lost = before[chosen].astype(float) - after[chosen]
    return Lost(
        points=float(lost.mean()),
        error=_standard_error(lost),
        after=float(after[chosen].mean()),
    )


def _row_error(laboratory: Laboratory, a: Run, b: Run) -> float:
    """Standard error from the rows scored: paired where both scored the same."""
    right_a, right_b = _right(laboratory, a[1]), _right(laboratory, b[1])
    if right_a is not None and right_b is not None and len(right_a) == len(right_b):
        return _standard_error(right_b.astype(float) - right_a)
    return math.sqrt(sum(p[0].accuracy * (1 - p[0].accuracy) / max(p[0].n, 1) for p in (a, b)))


def _standard_error(differences: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    return float(np.std(differences) / math.sqrt(len(differences)))


def _right(laboratory: Laboratory, replay: Replay) -> "np.ndarray[Any, np.dtype[np.bool_]] | None":
    score = recorded.same_score(replay, laboratory.score, laboratory.baseline)
    if score is None or score.get("number") is None:
        return None
    classes = replay.arrays.get(f"score{score['number']}_classes")
    labels = replay.arrays.get(f"score{score['number']}_labels")
    return None if classes is None or labels is None else classes == labels

"""Arms: replays of the script with some causes repaired, each run once and remembered."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from regraft.diagnose import recorded
from regraft.diagnose.diagnosis import Arm
from regraft.diagnose.replays import Replay, Replayer
from regraft.diagnose.rule import Repair
from regraft.diagnose.runner import Result

OTHER_CLASSES = 0.3  # total variation of class shares: a random split of 50 rows stays below
LONGER = 2.0  # time for an arm that fills its frozen backbone's cache: later arms read it
LEAST_SHARE = 0.5  # of the usual time: less would train on next to nothing
SHARE_OF_LEFT = 0.2  # of the time left, the same where the input was made smaller to be in time

Run = tuple[Arm, Replay]
Runs = Run | None


@dataclass(kw_only=True)
class Laboratory:
    """Runs arms and remembers them: the same repairs are never run twice."""

    replayer: Replayer
    baseline: Replay
    score: Mapping[str, Any]  # the score of the unrepaired script
    fit_seconds: float
    deadline: float  # time.monotonic() after which no arm is started
    sizes: Mapping[int, int]
    progress: Callable[[str], None]
    arms: dict[tuple[tuple[str, ...], int, bool], Runs] = field(default_factory=dict)
    frozen_rows: dict[str, Any] = field(default_factory=dict)  # of arms with a frozen backbone

    def run(
        self,
        results: Sequence[Result],
        *,
        seed: int = 0,
        same_rows: bool = False,
        is_probed: bool = False,
    ) -> Runs:
        """The arm with these causes repaired; None if there is no time or it came to nothing.

        Args:
            results: The causes.
            seed: Of the replay.
            same_rows: Train on the rows of the unrepaired run even where a frozen backbone
                leaves time for more.
            is_probed: Will rules judge this run too?
        """
        key = (tuple(sorted(r.rule.id for r in results)), seed, same_rows or not freezes(results))
        if not results and seed == 0:
            return self.unrepaired()
        if key not in self.arms:
            self.arms[key] = self._run(results, seed, more_rows=not key[2], is_probed=is_probed)
        return self.arms[key]

    def unrepaired(self) -> Run:
        """The script as it is: the arm every other is compared with."""
        return self._arm([], self.baseline, self.score, 0), self.baseline

    def _run(
        self, results: Sequence[Result], seed: int, *, more_rows: bool, is_probed: bool
    ) -> Runs:
        left = self.deadline - time.monotonic()
        if left < 2:
            return None
        names = ", ".join(r.rule.id for r in results) or f"nothing, from seed {seed}"
        self.progress(f"repairing {names}")
        replay = self.replayer.run(
            [repair for r in results for repair in self.placed(r)],
            fit_seconds=self._fit_seconds(left, more_rows=more_rows),
            seconds=min(left + 5, 3 * self.baseline.seconds + 30),
            rows=self.frozen_rows if more_rows else sampled_rows(self.baseline),
            sizes=self._sizes(results),
            seed=seed,
            may_sample=more_rows and not self.frozen_rows,
            predicted=self.baseline.record.get("facts", {}).get("predicted"),
            is_probed=is_probed,
        )
        found = None
        if replay.scores:
            found = recorded.same_score(replay, self.score, self.baseline)
        if found is None or replay.status not in ("done", "failed"):
            return None
        if _asks_other_classes(results, self.baseline, self.score, replay, found):
            return None
        if more_rows and not self.frozen_rows:
            self.frozen_rows = rows_of(replay)
        return self._arm(results, replay, found, seed), replay

    def _fit_seconds(self, left: float, *, more_rows: bool) -> float:
        if not more_rows:
            return self.fit_seconds
        longer = LONGER * self.fit_seconds
        if self.sizes:
            longer = max(longer, SHARE_OF_LEFT * left)
        # nothing is priced without a second arm, which prepares its data again
        training = sum(float(f.get("seconds", 0.0)) for f in self.baseline.fits)
        around = self.baseline.seconds - training
        return min(longer, max(0.9 * left / 2 - around, LEAST_SHARE * self.fit_seconds))

    def placed(self, result: Result) -> list[Repair]:
        """The repairs of a rule, with where the output was built and the model compiled."""
        fits = [f for f in self.baseline.fits if not f.get("unreadable")]
        placed = []
        for repair in result.finding.repairs:
            extra: dict[str, Any] = {}
            if repair.kind == "set-output" and fits and fits[-1].get("output_site"):
                built = fits[-1]["output_site"]
                last = fits[-1].get("activation_site") or {}
                extra = {"file": built["file"], "line": built["line"],
                         "activation_line": last.get("line"),
                         "units_before": fits[-1].get("units")}  # fmt: skip
            if repair.kind == "set-learning-rate" and fits and fits[-1].get("compile_site"):
                extra = {"line": fits[-1]["compile_site"]["line"], **_own_rate(fits)}
            placed.append(replace(repair, parameters={**extra, **repair.parameters}))
        return placed

    def _sizes(self, results: Sequence[Result]) -> dict[int, int]:
        sizes = dict(self.sizes)
        sides = [side for fit in self.baseline.fits if (side := _side(fit))]
        for result in results:
            for repair in result.finding.repairs:
                if repair.kind == "enlarge-input" and sides:
                    side = int(repair.parameters.get("side", sides[-1]))
                    sizes[side] = int(repair.parameters["size"])
        return sizes

    def _arm(
        self, results: Sequence[Result], replay: Replay, score: Mapping[str, Any], seed: int
    ) -> Arm:
        return Arm(
            repairs=tuple(r.rule.id for r in results),
            accuracy=recorded.measured(score),
            n=int(score.get("n") or 0),
            seed=seed,
            seconds=round(replay.seconds, 2),
            input_size=int(score.get("input_size") or 0),
        )


def _own_rate(fits: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """That the last training was compiled with, where its line compiles others with another."""
    own, line = fits[-1].get("compiled_rate"), (fits[-1].get("compile_site") or {}).get("line")
    others = [
        fit.get("compiled_rate")
        for fit in fits
        if (fit.get("compile_site") or {}).get("line") == line
    ]
    if own is None or math.isnan(own) or not any(o is not None and o != own for o in others):
        return {}
    return {"before": float(own)}


def _side(fit: Mapping[str, Any]) -> int:
    """Of what the backbone sees: a network may resize inside, or be fitted to features."""
    base = fit.get("base")
    return int(base["input_height"] if base else fit.get("input_size") or 0)


def _asks_other_classes(
    results: Sequence[Result],
    before: Replay,
    score: Mapping[str, Any],
    after: Replay,
    again: Mapping[str, Any],
) -> bool:
    """Did a changed call change the classes that are validated, so that scores do not compare?

    A shuffle that is left out, for one, may leave a validation part of one class.
    """
    kinds = {repair.kind for result in results for repair in result.finding.repairs}
    if not kinds & {"drop-call", "set-arguments"} or "resplit" in kinds:
        return False
    none = np.zeros(0, int)
    old = before.arrays.get(f"score{score.get('number')}_labels", none)
    new = after.arrays.get(f"score{again.get('number')}_labels", none)
    if not len(old) or not len(new):
        return False
    apart = [abs(np.mean(old == c) - np.mean(new == c)) for c in np.union1d(old, new)]
    return bool(sum(apart) / 2 > OTHER_CLASSES)


def freezes(results: Sequence[Result]) -> bool:
    """Does repairing these freeze the backbone, so that many more rows can be trained on?"""
    return any(r.kind == "freeze-backbone" for result in results for r in result.finding.repairs)


def rows_of(replay: Replay) -> dict[str, Any]:
    """Rows that each training used, by its number: {"0": {"train": 600, "validation": 200}}."""
    return {str(fit["number"]): fit["rows"] for fit in replay.fits if fit.get("rows")}


def sampled_rows(replay: Replay) -> dict[str, Any]:
    """As `rows_of`, of the trainings that used a sample only."""
    sampled = {str(fit["number"]) for fit in replay.fits if fit.get("sampled")}
    return {number: rows for number, rows in rows_of(replay).items() if number in sampled}

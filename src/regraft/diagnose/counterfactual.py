"""What a suspected cause costs, by running the script with it repaired.

The arm with everything repaired runs first: if that gains nothing, no cause is priced. Then every
cause is taken back alone ("all but this") and repaired alone ("only this"). The script as it is
runs a second time from another seed, to see what chance does.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from regraft.diagnose import observe
from regraft.diagnose.diagnosis import Arm, Gain
from regraft.diagnose.replays import Replay, Replayer
from regraft.diagnose.rule import Repair
from regraft.diagnose.runner import Result

MOST_PRICED = 3  # causes: two arms each, one with everything, one repeated, one unrepaired
LEAST_GAIN = 0.02  # of the paired lower bound: less is within what a reshuffle does
# Two runs agree by chance now and then: less is not believed. A gain that this leaves undecided is
# measured from a second seed, and then decided by its own spread.
LEAST_NOISE = 0.01
RIVAL = 0.05  # points that a repair loses on top of the others: more than a reshuffle does
OTHER_CLASSES = 0.3  # total variation of class shares: a random split of 50 rows stays below
Z = 1.96
LONGER = 2.0  # time for an arm that fills its frozen backbone's cache: later arms read it
LEAST_SHARE = 0.5  # of the usual time: less would train on next to nothing
SHARE_OF_LEFT = 0.2  # of the time left, the same where the input was made smaller to be in time


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A candidate with what it was measured to cost."""

    result: Result
    gain: Gain
    lower: float  # end of the interval that decides
    is_needed: bool = False  # the others come to much less without it in the same time

    @property
    def pays(self) -> bool:
        """Is its repair known to gain something?"""
        return self.lower > LEAST_GAIN

    @property
    def is_apart(self) -> bool:
        """Was it measured apart from the others, or only together with them?"""
        return self.gain.only_this is not None or self.gain.all_but_this is not None

    @property
    def stays_repaired(self) -> bool:
        """Does it belong into the repaired script: it pays, or nothing says that it does not?"""
        return self.pays or self.is_needed or not self.is_apart


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
    arms: dict[tuple[tuple[str, ...], int, bool], tuple[Arm, Replay] | None] = field(
        default_factory=dict
    )
    frozen_rows: dict[str, Any] = field(default_factory=dict)  # of arms with a frozen backbone

    def run(
        self,
        results: Sequence[Result],
        *,
        seed: int = 0,
        same_rows: bool = False,
        is_probed: bool = False,
    ) -> tuple[Arm, Replay] | None:
        """The arm with these causes repaired; None if there is no time or it came to nothing.

        Args:
            results: The causes.
            seed: Of the replay.
            same_rows: Train on the rows of the unrepaired run even where a frozen backbone
                leaves time for more.
            is_probed: Will rules judge this run too?
        """
        key = (tuple(sorted(r.rule.id for r in results)), seed, same_rows or not _freeze(results))
        if not results and seed == 0:
            return self.unrepaired()
        if key not in self.arms:
            self.arms[key] = self._run(results, seed, more_rows=not key[2], is_probed=is_probed)
        return self.arms[key]

    def unrepaired(self) -> tuple[Arm, Replay]:
        """The script as it is: the arm every other is compared with."""
        return self._arm([], self.baseline, self.score, 0), self.baseline

    def _run(
        self, results: Sequence[Result], seed: int, *, more_rows: bool, is_probed: bool
    ) -> tuple[Arm, Replay] | None:
        left = self.deadline - time.monotonic()
        if left < 2:
            return None
        names = ", ".join(r.rule.id for r in results) or f"nothing, from seed {seed}"
        self.progress(f"repairing {names}")
        replay = self.replayer.run(
            [repair for r in results for repair in self.placed(r)],
            fit_seconds=self._fit_seconds(left, more_rows=more_rows),
            seconds=min(left + 5, 3 * self.baseline.seconds + 30),
            rows=self.frozen_rows if more_rows else self._rows(),
            sizes=self._sizes(results),
            seed=seed,
            may_sample=more_rows and not self.frozen_rows,
            predicted=self.baseline.record.get("facts", {}).get("predicted"),
            is_probed=is_probed,
        )
        found = observe.same_score(replay, self.score) if replay.scores else None
        if found is None or replay.status not in ("done", "failed"):
            return None
        if _asks_other_classes(results, self.baseline, self.score, replay, found):
            return None
        if more_rows and not self.frozen_rows:
            self.frozen_rows = _rows_of(replay)
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
                         "activation_line": last.get("line")}  # fmt: skip
            if repair.kind == "set-learning-rate" and fits and fits[-1].get("compile_site"):
                extra = {"line": fits[-1]["compile_site"]["line"]}
            placed.append(replace(repair, parameters={**extra, **repair.parameters}))
        return placed

    def _rows(self) -> dict[str, Any]:
        return {
            number: rows
            for number, rows in _rows_of(self.baseline).items()
            if self.baseline.fits[int(number)].get("sampled")
        }

    def _sizes(self, results: Sequence[Result]) -> dict[int, int]:
        sizes = dict(self.sizes)
        fits = [f for f in self.baseline.fits if f.get("input_size")]
        for result in results:
            for repair in result.finding.repairs:
                if repair.kind == "enlarge-input" and fits:
                    sizes[int(fits[-1]["input_size"])] = int(repair.parameters["size"])
        return sizes

    def _arm(
        self, results: Sequence[Result], replay: Replay, score: Mapping[str, Any], seed: int
    ) -> Arm:
        return Arm(
            repairs=tuple(r.rule.id for r in results),
            accuracy=observe.measured(score),
            n=int(score.get("n") or 0),
            seed=seed,
            seconds=round(replay.seconds, 2),
            input_size=int(score.get("input_size") or 0),
        )


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


def _freeze(results: Sequence[Result]) -> bool:
    """Does repairing these freeze the backbone, so that many more rows can be trained on?"""
    return any(r.kind == "freeze-backbone" for result in results for r in result.finding.repairs)


def _rows_of(replay: Replay) -> dict[str, Any]:
    return {str(fit["number"]): fit["rows"] for fit in replay.fits if fit.get("rows")}


def honest_number(laboratory: Laboratory, result: Result) -> float | None:
    """Accuracy of the script with one evaluation artefact repaired: the number that holds."""
    arm = laboratory.run([result])
    return None if arm is None else arm[0].accuracy


def price(
    laboratory: Laboratory, candidates: Sequence[Result]
) -> tuple[list[Priced], float | None]:
    """Measure what each candidate costs.

    Args:
        laboratory: Where arms run.
        candidates: Rules that fired and have repairs, the most expensive by their own estimate
            first; at most `MOST_PRICED` are priced.

    Returns:
        The priced ones, and the accuracy with all of them repaired (None if that did not run).
    """
    chosen = list(candidates[:MOST_PRICED])
    if not chosen:
        return [], None
    everything = laboratory.run(chosen, is_probed=True)
    observed = observe.measured(laboratory.score)
    if everything is None or everything[0].accuracy - observed <= LEAST_GAIN:
        # one wrong repair may hide the rest: each is tried alone, the likeliest first
        chosen = [_first_to_gain(laboratory, chosen) or chosen[0]]
        everything = laboratory.run(chosen, is_probed=True)
    if everything is None:
        return [], None
    # first what says most, should the time run out
    for result in chosen if len(chosen) > 1 else ():
        laboratory.run(chosen, same_rows=_freeze([result]))
        laboratory.run(_others(result, chosen))
    for result in chosen:
        _arms_of(laboratory, result, chosen)
    noise = _noise(laboratory)
    priced = _without_rivals([_price_one(laboratory, r, chosen, noise) for r in chosen])
    best = None
    if any(p.pays for p in priced):
        best = laboratory.run([p.result for p in priced if p.stays_repaired])
        if best is not None and everything[0].accuracy - best[0].accuracy > RIVAL:
            # a frozen backbone gains little on the same rows, and sees many more in the same time
            priced, best = [replace(p, is_needed=True) for p in priced], everything
    return priced, best[0].accuracy if best is not None else everything[0].accuracy


def _without_rivals(priced: Sequence[Priced]) -> list[Priced]:
    """Of several readings of one fault only the best is kept.

    A repair that gains alone, but harms where the others are made, undoes again what another one
    mends: labels renamed to what a network calls classes it was never shown, for example.
    """
    most = max((p.gain.only_this or 0.0 for p in priced), default=0.0)

    def is_rival(p: Priced) -> bool:
        alone, on_top = p.gain.only_this, p.gain.all_but_this
        return alone is not None and alone < most and on_top is not None and on_top < -RIVAL

    return [replace(p, lower=-1.0) if len(priced) > 1 and is_rival(p) else p for p in priced]


def _first_to_gain(laboratory: Laboratory, chosen: Sequence[Result]) -> Result | None:
    observed = observe.measured(laboratory.score)
    for result in chosen:
        alone = laboratory.run([result], is_probed=True)
        if alone is not None and alone[0].accuracy - observed > LEAST_GAIN:
            return result
    return None


Run = tuple[Arm, Replay]
Runs = Run | None
Side = tuple[Sequence[Result], Run]  # of a comparison: causes that are repaired, and that arm


def _arms_of(
    laboratory: Laboratory, result: Result, chosen: Sequence[Result]
) -> tuple[Runs, Runs, Runs]:
    """The arms that price one cause: it alone, all but it, and all; on comparable rows."""
    rest = _others(result, chosen)
    same_rows = _freeze([result])  # against arms that are not frozen: the same rows as those
    everything = laboratory.run(chosen, same_rows=same_rows)
    without = laboratory.run(rest) if rest else None
    alone = laboratory.run([result], same_rows=same_rows) if rest else everything
    return alone, without, everything


def _price_one(
    laboratory: Laboratory,
    result: Result,
    chosen: Sequence[Result],
    noise: float,
) -> Priced:
    observed = observe.measured(laboratory.score)
    rest = _others(result, chosen)
    alone, without, everything = _arms_of(laboratory, result, chosen)
    if everything is None:
        return Priced(result=result, gain=Gain(kind="accuracy"), lower=-1.0)
    before = laboratory.unrepaired()
    pairs: list[tuple[Side, Side]] = []
    if alone is not None:
        pairs.append((([], before), ([result], alone)))
    if rest and without is not None:
        pairs.append(((rest, without), (chosen, everything)))
    priced = [(_difference(laboratory, [(a[1], b[1])], noise), a, b) for a, b in pairs]
    best, a, b = max(priced, key=lambda p: p[0][0], default=((0.0, -1.0, 0.0), None, None))
    again: list[Runs] = []
    if a and b and best[0] > LEAST_GAIN >= best[1]:  # undecided: both from another seed
        same_rows = _freeze([result])
        again = [laboratory.run(r, seed=1, same_rows=same_rows) for r in (a[0], b[0])]
        if again[0] is not None and again[1] is not None:
            seeds = [(a[1], b[1]), (again[0], again[1])]
            best = _difference(laboratory, seeds, noise)
    only = alone[0].accuracy - observed if alone is not None else None
    all_but = (
        everything[0].accuracy - (without[0].accuracy if without is not None else observed)
        if not rest or without is not None
        else None
    )
    arms = tuple(r[0] for r in (before, alone, without, everything, *again) if r is not None)
    return Priced(
        result=result,
        gain=Gain(
            kind="accuracy",
            only_this=only,
            all_but_this=all_but,
            interval=(best[1], best[2]),
            arms=tuple(dict.fromkeys(arms)),
        ),
        lower=best[1],
    )


def _others(result: Result, chosen: Sequence[Result]) -> list[Result]:
    return [other for other in chosen if other is not result]


def _noise(laboratory: Laboratory) -> float:
    """Standard deviation of the accuracy between seeds, from the unrepaired script run twice."""
    again = laboratory.run([], seed=1)
    if again is None:
        return LEAST_NOISE
    apart = abs(again[0].accuracy - observe.measured(laboratory.score)) / math.sqrt(2)
    return max(apart, LEAST_NOISE)


def _difference(
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
        apart = math.hypot(a[0].accuracy - c[0].accuracy, b[0].accuracy - d[0].accuracy) / 2
        between = max(apart, LEAST_NOISE)
    spread = Z * math.hypot(rows, between)
    return gain, gain - spread, gain + spread


def _row_error(laboratory: Laboratory, a: Run, b: Run) -> float:
    """Standard error from the rows scored: paired where both scored the same."""
    right_a, right_b = _right(laboratory, a[1]), _right(laboratory, b[1])
    if right_a is not None and right_b is not None and len(right_a) == len(right_b):
        return float(
            np.std(right_b.astype(float) - right_a.astype(float)) / math.sqrt(len(right_a))
        )
    return math.sqrt(sum(p[0].accuracy * (1 - p[0].accuracy) / max(p[0].n, 1) for p in (a, b)))


def _right(laboratory: Laboratory, replay: Replay) -> "np.ndarray[Any, np.dtype[np.bool_]] | None":
    score = observe.same_score(replay, laboratory.score)
    if score is None or score.get("number") is None:
        return None
    classes = replay.arrays.get(f"score{score['number']}_classes")
    labels = replay.arrays.get(f"score{score['number']}_labels")
    return None if classes is None or labels is None else classes == labels

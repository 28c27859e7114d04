"""What a suspected cause costs, by running the script with it repaired.

The arm with everything repaired runs first: if that gains nothing, no cause is priced. Then every
cause is taken back alone ("all but this") and repaired alone ("only this"). The script as it is
runs a second time from another seed, to see what chance does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from regraft.diagnose import recorded
from regraft.diagnose.diagnosis import Gain
from regraft.diagnose.laboratory import Laboratory, Run, Runs, freezes
from regraft.diagnose.paired import Z, difference, lost_on, noise_between_seeds
from regraft.diagnose.runner import Result

MOST_PRICED = 3  # causes: two arms each, one with everything, one repeated, one unrepaired
LEAST_GAIN = 0.02  # of the paired lower bound: less is within what a reshuffle does
LEAST_LOST = 0.05  # points: a third less to train on loses nearly as much
MOST_SEEDS = 3  # of a gain that one or two leave undecided
RIVAL = 0.05  # points that a repair loses on top of the others: more than a reshuffle does

# causes that are repaired; on the rows of the unrepaired run?
ArmOf = tuple[Sequence[Result], bool]
Side = tuple[Sequence[Result], Run]  # of a comparison: causes that are repaired, and that arm


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


def honest_number(laboratory: Laboratory, result: Result) -> float | None:
    """Accuracy of the script with one evaluation artefact repaired: the number that holds.

    Where only some rows may be asked, None unless they are answered worse than before.
    """
    arm, asked = laboratory.run([result]), result.finding.asked
    if arm is None or not asked:
        return None if arm is None else arm[0].accuracy
    lost = lost_on(laboratory, arm, asked)
    if lost is None or lost.points <= LEAST_LOST or lost.points - Z * lost.error <= LEAST_GAIN:
        return None
    return lost.after


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
    observed = recorded.measured(laboratory.score)
    if everything is None or everything[0].accuracy - observed <= LEAST_GAIN:
        # one wrong repair may hide the rest: all but each are tried, then each alone
        sets = [_others(result, chosen) for result in chosen] if len(chosen) > 2 else []
        chosen = (
            _best_to_gain(laboratory, sets)
            or _best_to_gain(laboratory, [[result] for result in chosen], is_first_enough=True)
            or chosen[:1]
        )
        everything = laboratory.run(chosen, is_probed=True)
    if everything is None:
        return [], None
    for arm, same_rows in _by_what_they_say(chosen):
        laboratory.run(arm, same_rows=same_rows)
    noise = noise_between_seeds(laboratory)
    for seeds in range(2, MOST_SEEDS + 1):  # a third for one when all have had their second
        priced = [_price_one(laboratory, r, chosen, noise, most_seeds=seeds) for r in chosen]
    rivals = _rivals(priced)
    if rivals:  # what they harm is worth more without them
        rest, reached = price(laboratory, [p.result for p in priced if p not in rivals])
        return [*rest, *(replace(p, lower=-1.0) for p in rivals)], reached
    best = None
    if any(p.pays for p in priced):
        best = laboratory.run([p.result for p in priced if p.stays_repaired])
        if best is not None and everything[0].accuracy - best[0].accuracy > RIVAL:
            # a frozen backbone gains little on the same rows, and sees many more in the same time
            priced, best = [replace(p, is_needed=True) for p in priced], everything
    return priced, best[0].accuracy if best is not None else everything[0].accuracy


def _by_what_they_say(chosen: Sequence[Result]) -> list[ArmOf]:
    """All arms in the order to run them in, should the time run out.

    A frozen backbone trains in a fraction of the time, and goes first; then all but one says more
    than one alone, which may gain nothing while the others are broken.
    """
    arms = [_arms_of(result, chosen) for result in chosen]
    taken_back = [arm for alone, *others in arms for arm in reversed(others) if arm[0]]
    alone = [alone for alone, *_ in arms]
    return sorted([*taken_back, *alone], key=lambda arm: not freezes(arm[0]))


def _rivals(priced: Sequence[Priced]) -> list[Priced]:
    """Of several readings of one fault all but the best; and repairs that undo what others mend.

    Labels renamed to what a network calls classes it was never shown gain alone, for example, but
    harm where the others are made.
    """
    most = max((p.gain.only_this or 0.0 for p in priced), default=0.0)

    def is_rival(p: Priced) -> bool:
        alone, on_top = p.gain.only_this, p.gain.all_but_this
        return alone is not None and alone < most and on_top is not None and on_top < -RIVAL

    return [p for p in priced if is_rival(p)] if len(priced) > 1 else []


def _best_to_gain(
    laboratory: Laboratory, sets: Sequence[list[Result]], *, is_first_enough: bool = False
) -> list[Result] | None:
    """The set of repairs that reaches most, None where none gains anything."""
    best, reached = None, recorded.measured(laboratory.score) + LEAST_GAIN
    for results in sets:
        arm = laboratory.run(results, is_probed=True)
        if arm is not None and arm[0].accuracy > reached:
            best, reached = results, arm[0].accuracy
            if is_first_enough:
                break
    return best


def _arms_of(result: Result, chosen: Sequence[Result]) -> tuple[ArmOf, ArmOf, ArmOf]:
    """The arms that price one cause: it alone, all but it, and all; on comparable rows."""
    same_rows = freezes([result])  # against arms that are not frozen: the same rows as those
    return ([result], same_rows), (_others(result, chosen), False), (chosen, same_rows)


def _price_one(
    laboratory: Laboratory,
    result: Result,
    chosen: Sequence[Result],
    noise: float,
    *,
    most_seeds: int,
) -> Priced:
    observed = recorded.measured(laboratory.score)
    alone, without, everything = (
        laboratory.run(arm, same_rows=same_rows) if arm else None
        for arm, same_rows in _arms_of(result, chosen)
    )
    rest = _others(result, chosen)
    if everything is None:
        return Priced(result=result, gain=Gain(kind="accuracy"), lower=-1.0)
    before = laboratory.unrepaired()
    pairs: list[tuple[Side, Side]] = []
    if alone is not None:
        pairs.append((([], before), ([result], alone)))
    if rest and without is not None:
        pairs.append(((rest, without), (chosen, everything)))
    priced = [(difference(laboratory, [(a[1], b[1])], noise), a, b) for a, b in pairs]
    best, a, b = max(priced, key=lambda p: p[0][0], default=((0.0, -1.0, 0.0), None, None))
    seeds = [(a[1], b[1])] if a and b else []
    again: list[Runs] = []
    while a and b and len(seeds) < most_seeds and best[0] > LEAST_GAIN >= best[1]:  # undecided
        same_rows = freezes([result])
        before_it, after_it = (
            laboratory.run(side[0], seed=len(seeds), same_rows=same_rows) for side in (a, b)
        )
        again += [before_it, after_it]
        if before_it is None or after_it is None:
            break
        seeds.append((before_it, after_it))
        best = difference(laboratory, seeds, noise)
    only = alone[0].accuracy - observed if alone is not None else None
    all_but = (
        everything[0].accuracy - (without[0].accuracy if without is not None else observed)
        if not rest or without is not None
        else None
    )
    if a and len(seeds) > 1:  # the mean of all decided
        only = best[0] if not a[0] else only
        all_but = best[0] if a[0] or not rest else all_but
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

"""From a script to its diagnosis: replay, observe, suspect, price, rank."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from regraft.diagnose import recorded
from regraft.diagnose.baseline import USEFUL_ROWS, judged, run_unrepaired
from regraft.diagnose.causes.rates import usual_rate
from regraft.diagnose.conclude import DEGREES, concluded, not_trained, without_score
from regraft.diagnose.counterfactual import (
    LEAST_GAIN,
    MOST_PRICED,
    Priced,
    honest_number,
    price,
)
from regraft.diagnose.diagnosis import Cause, Diagnosis, Gain
from regraft.diagnose.evidence import Evidence
from regraft.diagnose.fixing import with_patches, write_fixed
from regraft.diagnose.laboratory import Laboratory
from regraft.diagnose.paired import Z
from regraft.diagnose.replays import Replay, Replayer, Script
from regraft.diagnose.rule import Verdict
from regraft.diagnose.runner import Result, candidates
from regraft.diagnose.thawing import fewer_rows

FIX_SHARE = 0.6  # of a budget of its own: the patched script runs only once
KEPT_FOR_REPORT = 0.09  # of the budget, for the reference and the report: 9 to 17 s on one core
SAME_SPAN = 0.25  # of a span, that two samples of the same pictures may differ at either end
# Families after which the network does not see the pictures as they are, and what is judged by what
# it sees of them.
UNSEEN, TOLD_BY_PICTURES = ("PRE", "GEO", "WGT"), {"DAT002"}
LEAST_SCORED = 300  # rows: an accuracy of 0.9 is then known to 0.035


def diagnose_script(
    script: Script,
    *,
    budget: float,
    progress: Callable[[str], None] = lambda _: None,
    fix: str | Path | None = None,
) -> Diagnosis:
    """Find, price and rank the causes of a script's low accuracy.

    Args:
        script: What to run and how.
        budget: Seconds for everything after the script's own preparation of data.
        progress: Called with one short sentence a stage.
        fix: Where to write the patched script, which is then run under the same limits.
    """
    started = time.monotonic()
    with Replayer(script) as replayer:
        progress("running the script as it is")
        settled = run_unrepaired(replayer, budget, progress)
        baseline, sizes, fit_seconds = settled.replay, settled.sizes, settled.fit_seconds
        if not baseline.fits and not baseline.scores:
            return not_trained(script, baseline, time.monotonic() - started)
        evidence, results, broken = judged(baseline)
        deadline = started + budget * (1 - KEPT_FOR_REPORT) + settled.prepared
        suspects = _worth_pricing(results, evidence)[:MOST_PRICED]
        fewer = fewer_rows(
            replayer, baseline, suspects, left=0.9 * (deadline - time.monotonic()), sizes=sizes
        )
        longer = fit_seconds if fewer else _longer(baseline, suspects, fit_seconds, deadline)
        if longer is not None:
            progress(
                "a repair trains what is frozen, and is slower: once more, with fewer pictures"
                if fewer
                else "few suspects: once more, with more of the pictures"
            )
            again = replayer.run(
                fit_seconds=longer, seconds=2 * budget, sizes=sizes, rows=fewer,
                may_sample=fewer is None,
            )  # fmt: skip
            if again.status == "done" and again.scores:
                baseline, fit_seconds = again, longer
                evidence, results, broken = judged(baseline)
        score = recorded.observed_score(baseline)
        if score is None:
            return without_score(script, baseline, results, broken, time.monotonic() - started)
        laboratory = Laboratory(
            replayer=replayer,
            baseline=baseline,
            score=score,
            fit_seconds=fit_seconds,
            deadline=deadline,
            sizes=sizes,
            progress=progress,
        )
        repairable = _worth_pricing(results, evidence)
        priced, reached = price(laboratory, repairable)
        if reached is not None:
            priced, reached, results = _look_again(laboratory, priced, reached, results)
        artefacts = _artefacts(results, laboratory)
    found = [_cause(p, laboratory) for p in priced if p.pays] + artefacts
    ranked = sorted(found, key=lambda cause: (-cause.gain.points, cause.id))
    size = min(sizes.values(), default=0)
    ranked = with_patches(ranked, script, evidence, size)
    fixed = None
    if fix is not None and ranked:
        progress("running the repaired script")
        together = [_cause(p, laboratory) for p in priced if p.stays_repaired and not p.pays]
        fixed = write_fixed(
            [*ranked, *together], script, evidence, out=Path(fix), input_size=size,
            fit_seconds=FIX_SHARE * budget, seconds=budget,
        )  # fmt: skip
    return concluded(
        script, laboratory, evidence, results, priced, ranked, reached, fixed, broken,
        time.monotonic() - started,
    )  # fmt: skip


def _longer(
    baseline: Replay, suspects: Sequence[Result], fit_seconds: float, deadline: float
) -> float | None:
    """A training time with which few suspects are priced on more rows; None: these are enough."""
    score = recorded.observed_score(baseline)
    if score is None or not suspects or not _is_small_sample(baseline, score):
        return None
    arms = 2 * min(len(suspects), MOST_PRICED) + 2  # with the unrepaired script once more
    spare = 0.9 * (deadline - time.monotonic()) / arms - baseline.seconds
    return fit_seconds + spare if spare > 0.5 * fit_seconds else None


def _is_small_sample(baseline: Replay, score: Mapping[str, Any]) -> bool:
    """Was so little of the data used that gains of a few points would be lost in noise?"""
    partial = bool(baseline.record.get("facts", {}).get("predicted"))
    read = [f for f in baseline.fits if "n_train_used" in f]
    used = [f["n_train_used"] for f in read if f.get("sampled") or partial]
    few = bool(used) and min(used) < USEFUL_ROWS
    return few or (bool(used) and int(score.get("n") or 0) < LEAST_SCORED)


def _worth_pricing(results: Sequence[Result], evidence: Evidence) -> list[Result]:
    """Candidates with a repair. Rules about what is merely small or large wait for the others."""
    results = _settle(results, evidence)
    repairable = [r for r in candidates(results) if r.finding.repairs and r.finding.claimed is None]
    broken = [r for r in repairable if r.rule.family not in DEGREES] or repairable
    if all(r.finding.evidence.get("is_forecast") for r in broken):
        return []  # what a sample only makes likely needs something broken beside it
    # rules that ask for the same repair cannot be told apart by replays: the first speaks
    distinct: dict[str, Result] = {}
    for result in broken:
        distinct.setdefault(repr(result.finding.repairs), result)
    return list(distinct.values())


def _settle(results: Sequence[Result], evidence: Evidence) -> Sequence[Result]:
    """Of two readings of one fault, the one that says more.

    Overwritten pretrained weights: at the optimiser's usual rate it is the fresh head that shakes
    the backbone, at a higher one it is the rate itself; where a loop was to freeze them and froze
    none, it is that. Classes without training rows: where a split put them all on the other side,
    it is the split, and no renaming of what was never taught; where the parts number their classes
    in two ways, it is that. Labels that pictures contradict: where the network cannot see these,
    the labels wait. Pixels of another range in training only: where random changes brought them
    there, it is these.
    """
    found = {r.rule.id for r in results if r.finding.verdict is Verdict.FOUND}
    others = set()
    if {"OPT001", "FRZ004"} <= found and evidence.training is not None:
        is_rate = evidence.training.learning_rate > 2 * usual_rate(evidence.training)
        others.add("FRZ004" if is_rate else "OPT001")
    if any(id[:3] in UNSEEN for id in found):
        others |= TOLD_BY_PICTURES
    if "FRZ005" in found:  # the loop says what was meant
        others |= {"FRZ004", "OPT001"}
    if {"SPL001", "SPL003", "LAB002"} & found:
        others.add("DAT003")
    names = () if evidence.labels is None else evidence.labels.train_class_names
    if {"SPL001", "SPL003"} & found and not names:
        others.add("LAB002")
    if "AUG002" in found and _is_scaled_right_but_for_augmentation(evidence):
        others |= {"SKW001", "PRE007"}
    return [r for r in results if r.rule.id not in others]


def _is_scaled_right_but_for_augmentation(evidence: Evidence) -> bool:
    """Do validation pictures span what training pictures span before they are changed?"""
    augmentation, pixels = evidence.augmentation, evidence.pixels
    held_out = None if pixels is None else pixels.model_validation
    if augmentation is None or held_out is None:
        return False
    span = augmentation.plain_high - augmentation.plain_low
    apart = max(
        abs(held_out.low - augmentation.plain_low), abs(held_out.high - augmentation.plain_high)
    )
    return apart <= SAME_SPAN * span


def _look_again(
    laboratory: Laboratory, priced: list[Priced], reached: float, results: Sequence[Result]
) -> tuple[list[Priced], float, Sequence[Result]]:
    """Rules that a repaired fault had hidden, judged on the repaired run, and those that waited.

    What is merely small or large waited for what is broken: once that is repaired, it may count.
    """
    chosen = [p.result for p in priced]
    arm = laboratory.run(chosen, is_probed=True)
    if arm is None:
        return priced, reached, results
    _, found_again, _ = judged(arm[1])
    again = candidates(found_again)
    known = {r.rule.id for r in results if r.finding.verdict is Verdict.FOUND}
    known -= TOLD_BY_PICTURES - {r.rule.id for r in chosen}
    new = [r for r in again if r.rule.id not in known]
    if any(p.pays for p in priced):  # of a model that was at chance, any number looked right
        results = [*results, *(r for r in new if r.finding.honest is not None)]
    if len(chosen) >= MOST_PRICED:
        return priced, reached, results
    hidden = [r for r in new if r.finding.repairs and r.finding.claimed is None]
    still = {r.rule.id for r in again} - {r.rule.id for r in chosen}
    waiting = [
        r
        for r in candidates(results)
        if r.rule.family in DEGREES and r.finding.repairs and r.rule.id in still
    ]
    if not hidden and not waiting:
        return priced, reached, results
    more, better = price(laboratory, [*chosen, *hidden, *waiting][:MOST_PRICED])
    again_found = {r.rule.id for r in hidden}
    merged = [*(r for r in results if r.rule.id not in again_found), *hidden]
    if better is None or better <= reached + LEAST_GAIN:
        return priced, reached, merged
    return more, better, merged


def _cause(priced: Priced, laboratory: Laboratory) -> Cause:
    result = priced.result
    return Cause(
        id=result.rule.id,
        name=result.rule.name,
        family=result.rule.family,
        because=result.finding.because,
        where=result.finding.where,
        gain=priced.gain,
        fix=result.finding.fix,
        repairs=tuple(laboratory.placed(result)),
    )


def _artefacts(results: Sequence[Result], laboratory: Laboratory) -> list[Cause]:
    """Findings where not the model is bad but the number: claimed against honest."""
    causes = []
    for result in candidates(results):
        finding = result.finding
        if finding.claimed is None:
            continue
        honest, least = finding.honest, LEAST_GAIN
        if honest is None and finding.repairs:
            honest = honest_number(laboratory, result)
            if honest is not None:  # another training, on rows drawn anew
                n = max(1, int(laboratory.score.get("n") or 0))
                least += Z * math.sqrt(honest * (1 - honest) / n)
        if honest is not None and abs(finding.claimed - honest) > least:
            gain = Gain(kind="honesty", claimed=finding.claimed, honest=honest)
            causes.append(
                Cause(
                    id=result.rule.id,
                    name=result.rule.name,
                    family=result.rule.family,
                    because=finding.because,
                    where=finding.where,
                    gain=gain,
                    fix=finding.fix,
                    repairs=finding.repairs,
                )
            )
    return causes

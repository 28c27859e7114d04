"""What is said at the end of a diagnosis: findings, what else was suspected, and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from regraft.diagnose import material, recorded
from regraft.diagnose.counterfactual import Priced
from regraft.diagnose.diagnosis import Cause, Considered, Diagnosis, ScriptError
from regraft.diagnose.evidence import Evidence
from regraft.diagnose.failure import left_out
from regraft.diagnose.fixing import Fixed
from regraft.diagnose.laboratory import Laboratory
from regraft.diagnose.replays import Replay, Script
from regraft.diagnose.rule import Verdict
from regraft.diagnose.runner import Result, candidates

DEGREES = {"SIZ", "CAP"}  # families that healthy scripts could gain from too
NO_ACCURACY = "no accuracy on held-out pictures was ever computed"


def concluded(
    script: Script,
    laboratory: Laboratory,
    evidence: Evidence,
    results: Sequence[Result],
    priced: Sequence[Priced],
    ranked: Sequence[Cause],
    reached: float | None,
    fixed: Fixed | None,
    broken: Sequence[str],
    seconds: float,
) -> Diagnosis:
    """The diagnosis of a script that was scored, whatever was found."""
    baseline, score = laboratory.baseline, laboratory.score
    named = {cause.id for cause in ranked}
    accuracy = evidence.accuracy
    observed = recorded.measured(score)
    # a number that was wrong is put right by no repair of what is trained
    is_repaired = any(p.result.rule.id in named for p in priced)
    best = laboratory.run([p.result for p in priced if p.stays_repaired])
    return Diagnosis(
        script=str(script.path),
        observed=observed,
        claimed=score.get("claimed"),
        chance=accuracy.chance if accuracy else None,
        n_validation=int(score.get("n") or 0),
        source_call=score["by"],
        source_site=recorded.site(score["site"]),
        repaired_script=reached if reached is not None and is_repaired else observed,
        regraft_fit=None,
        findings=tuple(ranked),
        fixed=fixed.accuracy if fixed else None,
        considered=_considered(results, priced, named),
        unknown=_unknown(results),
        error=_script_error(baseline),
        notes=(
            *_notes(baseline, laboratory.sizes),
            *_unpriced(results, priced, named),
            *_told(fixed),
            *_broken(results, broken),
        ),
        seconds=seconds,
        pictures=material.pictures(baseline, best[1] if best is not None and ranked else None),
        material=material.material(best[1] if best is not None else baseline, evidence.backbone),
        history={"losses": list(evidence.training.losses) if evidence.training else []},
    )


def without_score(
    script: Script,
    replay: Replay,
    results: Sequence[Result],
    broken: Sequence[str],
    seconds: float,
) -> Diagnosis:
    """The diagnosis of a script that trains, and never says how well."""
    return _unscored(
        script,
        error=_script_error(replay),
        considered=_considered(results, [], set()),
        unknown=_unknown(results),
        notes=(*_notes(replay, {}), NO_ACCURACY, *_broken(results, broken)),
        seconds=seconds,
    )


def not_trained(script: Script, replay: Replay, seconds: float) -> Diagnosis:
    """The diagnosis of a script that failed, or ended without a training: where, and on what."""
    error, notes = _script_error(replay), _notes(replay, {})
    by_hand = _trains_by_hand(replay)
    if replay.status == "out of time" and by_hand:
        error = None
        notes = (*notes, f"the script was ended after {replay.seconds:.0f} s, before any score")
    if error is None and (by_hand or _answers(replay)):
        notes = (*notes, NO_ACCURACY)
    elif error is None:
        message = "the script ended without training or scoring a model"
        error = ScriptError(type="NeverTrained", message=message, file=str(script.path), line=0,
                            traceback="")  # fmt: skip
    return _unscored(script, error=error, notes=notes, seconds=seconds)


def _unscored(
    script: Script,
    *,
    error: ScriptError | None,
    notes: tuple[str, ...],
    seconds: float,
    considered: tuple[Considered, ...] = (),
    unknown: tuple[Considered, ...] = (),
) -> Diagnosis:
    return Diagnosis(
        script=str(script.path), observed=None, claimed=None, chance=None, n_validation=0,
        source_call="", source_site=None, repaired_script=None, regraft_fit=None,
        considered=considered, unknown=unknown, error=error, notes=notes, seconds=seconds,
    )  # fmt: skip


def _unknown(results: Sequence[Result]) -> tuple[Considered, ...]:
    return tuple(
        Considered(id=r.rule.id, verdict="unknown", because=r.finding.because, gain=None)
        for r in results
        if r.finding.verdict is Verdict.UNKNOWN
    )


def _considered(
    results: Sequence[Result], priced: Sequence[Priced], named: set[str]
) -> tuple[Considered, ...]:
    gains = {p.result.rule.id: p.gain.points for p in priced if p.is_apart}
    return tuple(
        Considered(
            id=r.rule.id,
            verdict=str(r.finding.verdict),
            because=r.finding.because,
            gain=gains.get(r.rule.id),
        )
        for r in results
        if r.finding.verdict is Verdict.FOUND and r.rule.id not in named
    )


def _unpriced(
    results: Sequence[Result], priced: Sequence[Priced], named: set[str]
) -> tuple[str, ...]:
    """Says which suspicions were never measured, so that no one takes silence for a verdict."""
    measured = {p.result.rule.id for p in priced if p.gain.arms} | named
    suspected = {r.rule.id for r in _suspected(results)} - measured
    if not suspected:
        return ()
    return (f"not priced, for want of time or room: {', '.join(sorted(suspected))}",)


def _suspected(results: Sequence[Result]) -> list[Result]:
    return [r for r in candidates(results) if r.finding.repairs and r.rule.family not in DEGREES]


def _notes(baseline: Replay, sizes: Mapping[int, int]) -> tuple[str, ...]:
    notes = [
        f"every run uses {small}-pixel pictures instead of {large}: the original is too slow here"
        for large, small in sizes.items()
    ]
    notes += [
        f"trained on a stratified sample of {fit['n_train_used']:,} of {fit['n_train']:,} rows"
        for fit in baseline.fits
        if fit.get("sampled")
    ]
    notes += [
        f"the training at line {fit['site']['line']} was ended early, in every run: only Keras can "
        "read what it is given"
        for fit in baseline.fits
        if fit.get("was_ended") and fit.get("site")
    ]
    if _ended_by_us(baseline):
        notes.append(f"what follows a write was not run: {baseline.record['error']['message']}")
    if _checked_itself(baseline):
        notes.append(
            "what follows a check of the script's own was not run: it failed, as a sample may"
        )
    if _was_scored_in_time(baseline):
        notes.append(
            f"the script was ended after {baseline.seconds:.0f} s: what follows its last score was "
            "not run, and nothing was repaired; a larger --budget gives it more time"
        )
    notes += [
        f"a training loop written by hand at line {event['site']['line']} is run, not repaired"
        for event in _trains_by_hand(baseline)[:1]
    ]
    return tuple(notes)


def _trains_by_hand(replay: Replay) -> list[Mapping[str, Any]]:
    """Where the script computes gradients itself."""
    return [e for e in replay.record.get("events", []) if e["what"] == "custom-training-loop"]


def _answers(replay: Replay) -> bool:
    """Did a network predict? A script may make a classifier of that by hand."""
    return any(event["what"] == "predict" for event in replay.record.get("events", []))


def _broken(results: Sequence[Result], probes: Sequence[str]) -> list[str]:
    """What of ours failed: less was looked at, and a user should know."""
    rules = [f"{result.rule.id}: {result.error}" for result in results if result.error]
    return [left_out(line) for line in (*probes, *rules)]


def _told(fixed: Fixed | None) -> tuple[str, ...]:
    if fixed is None:
        return ()
    if not fixed.rules:
        return ("no patched script was written: the edits that these repairs need are not known",)
    reached = "was not scored in its time"
    if fixed.accuracy is not None:
        reached = f"reached {fixed.accuracy:.3f}"
    return (f"the patched script ({', '.join(fixed.rules)}) was run and {reached}",)


def _ended_by_us(replay: Replay) -> bool:
    """Was it scored, and then ended at a write that we refuse where none can be redirected?"""
    return bool(replay.record.get("refused") and replay.scores)


def _was_scored_in_time(replay: Replay) -> bool:
    """Did only what follows the scores take too long, as pictures of features or a search may?"""
    return replay.status == "out of time" and bool(replay.scores)


def _checked_itself(replay: Replay) -> bool:
    """Did it end on a check of its own, as of a number that a sample does not reach?"""
    error = replay.record.get("error") or {}
    last = [line for line in str(error.get("traceback", "")).splitlines() if "File " in line][-1:]
    is_own = not last or str(error.get("file", "")) in last[0]
    is_check = is_own and error.get("type") in ("AssertionError", "SystemExit")
    is_sampled = any(fit.get("sampled") for fit in replay.fits)
    is_sampled |= bool(replay.record.get("facts", {}).get("predicted"))
    return is_check and is_sampled and bool(replay.scores)


def _script_error(replay: Replay) -> ScriptError | None:
    error = replay.record.get("error")
    if _ended_by_us(replay) or _checked_itself(replay):
        return None
    if error:
        ended = ScriptError(**error)
        said = [line for line in replay.output.splitlines() if line.strip()]
        if ended.type == "SystemExit" and ended.message.isdigit() and said:
            # a number says nothing: what the script printed last does (argparse, for example)
            ended = replace(ended, message=f"{ended.message}; it said last: {said[-1].strip()}")
        return ended
    if replay.status in ("done", "too slow") or _was_scored_in_time(replay):
        return None
    return ScriptError(
        type="Stopped", message=f"the script was {replay.status}", file="", line=0,
        traceback=replay.output[-4000:],
    )  # fmt: skip

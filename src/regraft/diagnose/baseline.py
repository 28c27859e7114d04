"""The script as it is: how much of it can run, and what its run shows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from regraft.diagnose import observe
from regraft.diagnose.causes import RULES
from regraft.diagnose.evidence import Evidence
from regraft.diagnose.replays import Replay, Replayer
from regraft.diagnose.runner import Result, diagnose

FIT_SHARE = 0.05  # of the budget for one training: nine replays, each with its own preparation
ALL_FITS_SHARE = 0.2  # likewise, for all trainings of the script together, where there are many
FEWER = 4  # times less time for each of many
SCARCE_SHARE = 0.15  # likewise, where even a small sample takes long: four replays or so
MIN_INPUT = 48  # VGG16 on digits, pooled: as good in its time as 32 or 64 px, and no 1-pixel map
USEFUL_ROWS = 600  # training rows that a sample or a shrunk input should leave time for


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The unrepaired run, and what it settled for all others."""

    replay: Replay
    sizes: Mapping[int, int]  # numbers of the source that are replaced, to make the input smaller
    prepared: float  # seconds of preparing data, that the budget leaves out
    fit_seconds: float  # that one training may take


def run_unrepaired(replayer: Replayer, budget: float, progress: Callable[[str], None]) -> Baseline:
    """The script as it is; with a smaller input where even a small sample would be too slow."""
    fit_seconds = max(4.0, FIT_SHARE * budget)
    limit = 2 * budget
    together = ALL_FITS_SHARE * budget
    replay = replayer.run(
        fit_seconds=fit_seconds, seconds=limit, untrained_seconds=budget, may_shrink=True,
        all_fits_seconds=together,
    )  # fmt: skip
    if replay.status == "too many":
        progress("many trainings: each with fewer of the pictures")
        fit_seconds /= FEWER
        replay = replayer.run(fit_seconds=fit_seconds, seconds=limit, may_shrink=True)
    if _stumbled_over_a_sample(replay):
        progress("once more, with every prediction computed")
        replayer.predicts_whole = True
        replay = replayer.run(fit_seconds=fit_seconds, seconds=limit, may_shrink=True)
    sizes: dict[int, int] = {}
    prepared = _preparation(replay)
    if replay.status == "too slow":
        side, each = int(replay.record["input_size"]), float(replay.record["seconds_per_row"])
        wanted = (fit_seconds / (each * USEFUL_ROWS)) ** 0.5 * side
        smaller = max(MIN_INPUT, int(wanted) // 16 * 16)
        on_few = max(fit_seconds, min(SCARCE_SHARE * budget, each * USEFUL_ROWS))
        if 0 < smaller < side:
            progress(f"too slow at {side} pixels: all runs use {smaller}")
            sizes = {side: smaller}
        else:
            progress("slow, and the input is small: all runs train on few pictures")
            fit_seconds = on_few
        replay = replayer.run(fit_seconds=fit_seconds, seconds=limit, sizes=sizes)
        prepared += _preparation(replay)
        if sizes and replay.status == "failed" and not (replay.fits or replay.scores):
            # a pooling of 7 x 7 cells, say, bears no smaller map; at its own size it had begun
            progress(f"the network takes {side} pixels only: all runs train on few pictures")
            sizes, fit_seconds = {}, on_few
            replay = replayer.run(fit_seconds=fit_seconds, seconds=limit)
            prepared += _preparation(replay)
    return Baseline(replay=replay, sizes=sizes, prepared=prepared, fit_seconds=fit_seconds)


def _stumbled_over_a_sample(replay: Replay) -> bool:
    """Did the script fail where a `predict` computed some rows only, perhaps on the others?"""
    partial = bool(replay.record.get("facts", {}).get("predicted"))
    # a classifier made by hand of rows without values calls everything by one name
    by_hand = not replay.fits and all(score.get("is_aside") for score in replay.scores)
    says_nothing = by_hand or not replay.scores
    return partial and (replay.status == "failed" or says_nothing or _learnt_nothing(replay))


def _learnt_nothing(replay: Replay) -> bool:
    """Had a training no rows, or no finite loss, as where means go over rows without values?"""
    losses = [fit.get("losses") for fit in replay.fits]
    unreadable = any(fit.get("unreadable") for fit in replay.fits)
    return unreadable or any(of_fit and not any(map(_is_finite, of_fit)) for of_fit in losses)


def _is_finite(loss: float | None) -> bool:
    return loss is not None and math.isfinite(loss)


def judged(replay: Replay) -> tuple[Evidence, Sequence[Result], Sequence[str]]:
    """What a run shows, what the rules say of it, and which probes broke."""
    broken = list(replay.record.get("failures", ()))
    evidence = observe.observe(replay, failed=broken.append)
    return evidence, diagnose(RULES, evidence), broken


def _preparation(replay: Replay) -> float:
    """Seconds until the first training: the script's own data, which the budget leaves out."""
    return float(replay.record.get("facts", {}).get("prepared_after", 0.0))

"""Repairs that train what the run has frozen, on rows that leave time for it.

A frozen network is run once a picture; one that is trained is run forward and back in every epoch.
Rows that the unrepaired script takes in its time may then be too many by far for the repaired one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from regraft.diagnose.laboratory import rows_of, sampled_rows
from regraft.diagnose.replays import Replay, Replayer
from regraft.diagnose.runner import Result

THAWING = frozenset({"recompile", "recompile-when-changed", "thaw-top"})
STEP = 3.0  # forward passes: the gradients of inputs and of weights cost as much as one each
ARMS = 3  # this look, the repaired run, and that one from another seed


def fewer_rows(
    replayer: Replayer,
    baseline: Replay,
    suspects: Sequence[Result],
    *,
    left: float,
    sizes: Mapping[int, int],
) -> dict[str, Any] | None:
    """Rows of each `fit` that its repaired twin has time for; None if others would not help.

    Args:
        replayer: Runs the repaired script once, where it may be too slow.
        baseline: The unrepaired run.
        suspects: Causes that are to be priced.
        left: Seconds for all of that.
        sizes: As in `Replayer.run`.
    """
    frozen = [fit for fit in baseline.fits if fit.get("cut")]
    slow = [r for r in suspects if any(repair.kind in THAWING for repair in r.finding.repairs)]
    if not frozen or not slow:
        return None
    training = sum(float(fit.get("seconds", 0.0)) for fit in baseline.fits)
    allowed = left / ARMS - (baseline.seconds - training)
    most = training + sum(
        float(f.get("seconds", 0.0)) * (STEP * max(1, int(f.get("epochs", 1))) - 1) for f in frozen
    )
    if most <= allowed or allowed <= 0:
        return None
    look = replayer.run(
        [repair for result in slow for repair in result.finding.repairs],
        fit_seconds=allowed / len(baseline.fits),
        seconds=left / 2,
        rows=sampled_rows(baseline),
        sizes=sizes,
        is_probed=False,
    )
    before, after = rows_of(baseline), rows_of(look)
    if look.status != "done" or before.keys() != after.keys():
        return None
    is_fewer = any(after[number]["train"] < before[number]["train"] for number in before)
    return after if is_fewer else None

"""A diagnosis as plain JSON: what `regraft why --json` writes and what reports are made from."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from regraft.diagnose.agent.notebook import cell_and_line
from regraft.diagnose.diagnosis import (
    SCHEMA,
    Arm,
    Cause,
    Considered,
    Diagnosis,
    Gain,
    ScriptError,
)
from regraft.diagnose.evidence import Site


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The whole diagnosis but its pictures: strings, finite numbers, lists and None only.

    Accuracies are fractions in [0, 1]; a number that is not finite becomes None.
    """
    source = diagnosis.source_site
    return {
        "schema": SCHEMA,
        "script": diagnosis.script,
        "observed": {
            "val_accuracy": _number(diagnosis.observed),
            "claimed": _number(diagnosis.claimed),
            "chance": _number(diagnosis.chance),
            "n_val": int(diagnosis.n_validation),
            "source": {
                "call": diagnosis.source_call,
                **(_place(source) if source else {"file": None, "line": None}),
            },
        },
        "unexplained": _number(diagnosis.unexplained),
        "reachable": {
            "repaired_script": _number(diagnosis.repaired_script),
            "regraft_fit": _number(diagnosis.regraft_fit),
            "patched_script": _number(diagnosis.fixed),
        },
        "findings": [_cause(cause, rank) for rank, cause in enumerate(diagnosis.findings, 1)],
        "considered": [
            {**_considered(rule), "verdict": str(rule.verdict), "gain": _number(rule.gain)}
            for rule in diagnosis.considered
        ],
        "unknown": [_considered(rule) for rule in diagnosis.unknown],
        "error": _error(diagnosis.error),
        "notes": list(diagnosis.notes),
        "history": _plain(diagnosis.history),
        "seconds": _number(diagnosis.seconds),
    }


def _cause(cause: Cause, rank: int) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": cause.id,
        "name": cause.name,
        "family": cause.family,
        "because": cause.because,
        "where": _sites(cause.where),
        "gain": _gain(cause.gain),
        "fix": cause.fix,
        "patch": cause.patch,
    }


def _gain(gain: Gain) -> dict[str, Any]:
    return {
        "kind": gain.kind,
        "only_this": _number(gain.only_this),
        "all_but_this": _number(gain.all_but_this),
        "interval": None if gain.interval is None else [_number(end) for end in gain.interval],
        "claimed": _number(gain.claimed),
        "honest": _number(gain.honest),
        "arms": _arms(gain.arms),
    }


def _arms(arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """Replays with the same repairs and input as one arm: mean accuracy, its seeds, all seconds."""
    groups: dict[tuple[tuple[str, ...], int], list[Arm]] = {}
    for arm in arms:
        groups.setdefault((tuple(arm.repairs), arm.input_size), []).append(arm)
    return [
        {
            "repairs": list(repairs),
            "accuracy": _number(sum(arm.accuracy for arm in same) / len(same)),
            "n": min(int(arm.n) for arm in same),
            "seeds": [int(arm.seed) for arm in same],
            "seconds": _number(sum(arm.seconds for arm in same)),
            "input_size": int(size),
        }
        for (repairs, size), same in groups.items()
    ]


def _sites(sites: Sequence[Site]) -> list[dict[str, Any]]:
    return [{**_place(site), "code": site.code} for site in sites]


def _place(site: Site) -> dict[str, Any]:
    """File and line; in a notebook, whose code cells are numbered through, cell and line in it."""
    place = {"file": site.file, "line": int(site.line)}
    if not site.file.endswith(".ipynb"):
        return place
    cell, line = cell_and_line(Path(site.file), site.line)
    return {**place, "cell": cell, "line_in_cell": line}


def _considered(rule: Considered) -> dict[str, Any]:
    return {"id": rule.id, "because": rule.because}


def _error(error: ScriptError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {
        "type": error.type,
        "message": error.message,
        **_place(Site(file=error.file, line=error.line)),
        "traceback": error.traceback,
    }


def _number(value: float | None) -> float | None:
    """A plain finite float, or None."""
    return float(value) if value is not None and math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """`value` with arrays, numpy numbers, tuples and records of other kinds made JSON."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return _number(value)
        case np.generic():
            return _plain(value.item())
        case np.ndarray():
            return _plain(value.tolist())
        case dict():
            return {str(key): _plain(held) for key, held in value.items()}
        case list() | tuple():
            return [_plain(held) for held in value]
    return str(value)

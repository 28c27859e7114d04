"""Put `regraft why` to every planted fault and every sound script, and count.

    python benchmarks/diagnosis.py RESULTS.jsonl [--only TEXT] [--variants faulty,healthy]

Each run is one line of the results file, so a benchmark that was stopped goes on where it was.
A run counts again when its script or its data have changed.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "planted"))

from harness import VARIANTS, Case, Variant, is_at_hand, load_cases, load_sound, prepare, run_why

from regraft.diagnose.diagnosis import Gain

FIRST_TWO = 2
HIT, MISS, CLEAR, FALSE_ALARM, FAILED = "hit", "miss", "clear", "false alarm", "failed"


def main() -> None:
    """Run what is not in the results file yet, then print the tables."""
    arguments = _arguments()
    path = Path(arguments.results)
    cases = [
        case
        for case in (*load_cases(), *load_sound())
        if is_at_hand(case) and any(text in case.name for text in arguments.only.split(","))
    ]
    known = {key_of(run): run for run in read(path)}
    runs = []
    for case, variant in _runs(cases, arguments.variants.split(",")):
        key = (case.name, variant, _digest(case, variant))
        if key not in known:
            known[key] = _run(case, variant, arguments.budget) | {"digest": key[2]}
            with path.open("a") as file:
                file.write(json.dumps(known[key]) + "\n")
        runs.append(known[key])
        _say(known[key])
    print()
    print(_table(runs))
    print()
    print(_totals(runs))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", help="file of results, one JSON object a line")
    parser.add_argument("--only", default="", help="parts of names, separated by commas")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--budget", default="3m")
    return parser.parse_args()


def _runs(cases: Iterable[Case], variants: Iterable[str]) -> Iterator[tuple[Case, Variant]]:
    wanted = tuple(variants)
    for case in cases:
        for variant in VARIANTS:
            if variant in wanted and variant in case.scripts:
                yield case, variant


def _run(case: Case, variant: Variant, budget: str) -> dict[str, Any]:
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        script, env = prepare(case, variant, Path(folder))
        prepared = time.monotonic()
        try:
            diagnosis = run_why(script, env, budget)
        except subprocess.TimeoutExpired:
            outcome, found, code, observed = FAILED, [], None, None
        else:
            found = [
                [f["family"], f["id"], _points(f["gain"])]
                for f in diagnosis.report.get("findings", ())
            ]
            code = diagnosis.exit_code
            observed = (diagnosis.report.get("observed") or {}).get("val_accuracy")
            outcome = judge(case, variant, code, [{family} for family in diagnosis.families])
    return {
        "case": case.name,
        "family": case.family,
        "variant": variant,
        "invisible": case.invisible_in_source,
        "outcome": outcome,
        "found": found,
        "exit": code,
        "observed": observed,
        "prepare_seconds": round(prepared - start, 1),
        "seconds": round(time.monotonic() - prepared, 1),
    }


def judge(case: Case, variant: str, code: int, told: Sequence[Set[str]]) -> str:
    """What an answer is worth: its exit status, and the families that each finding counts for."""
    if variant == "healthy":
        if code == 1 or told:
            return FALSE_ALARM
        return CLEAR if code in case.exits else FAILED
    if code not in (0, 1):
        return FAILED
    return HIT if code == 1 and any(case.families & each for each in told[:FIRST_TWO]) else MISS


def _digest(case: Case, variant: str) -> str:
    """Change whenever a file changes that the run reads."""
    own = set(case.scripts.values()) - {case.scripts[variant]}
    files = [case.scripts[variant], *([case.prepare] if case.prepare else [])]
    if case.family:
        files = [p for p in case.folder.iterdir() if p.is_file() and p.name != "case.json"]
    content = hashlib.sha256()
    for file in sorted(set(files) - own):
        content.update(file.name.encode() + file.read_bytes())
    return content.hexdigest()[:16]


def key_of(run: Mapping[str, Any]) -> tuple[str, str, str]:
    """What tells a run from others: script, variant, and the files of both."""
    return run["case"], run["variant"], run["digest"]


def read(path: Path) -> list[dict[str, Any]]:
    """The runs of a results file, none where there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def _say(run: dict[str, Any]) -> None:
    found = " ".join(_named(run)) or "-"
    name = f"{run['case']} {run['variant']}"
    print(f"{run['outcome']:11} {run['seconds']:6.1f} s  {name:62} {found}", flush=True)


def _table(runs: list[dict[str, Any]]) -> str:
    head = "| script | variant | outcome | observed | findings, with their gain | seconds |"
    lines = [head, "|---|---|---|---|---|---|"]
    for run in runs:
        observed = "–" if run["observed"] is None else f"{run['observed']:.2f}"
        row = (
            f"`{run['case']}`",
            run["variant"],
            run["outcome"],
            observed,
            ", ".join(_named(run)) or "none",
            f"{run['seconds']:.0f}",
        )
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def _points(gain: dict[str, Any]) -> float:
    """What a finding is ranked by."""
    sizes = ("kind", "only_this", "all_but_this", "claimed", "honest")
    return Gain(**{name: gain[name] for name in sizes}).points


def _named(run: dict[str, Any]) -> list[str]:
    return [f"{rule} {points:.2f}" for _, rule, points in run["found"]]


def _totals(runs: list[dict[str, Any]]) -> str:
    """Hits by family and variant, false alarms, and the time it took."""
    faults = [run for run in runs if run["family"] and run["variant"] != "healthy"]
    sound = [run for run in runs if run["variant"] == "healthy"]
    lines = ["| family | faulty | disguised | false alarms in healthy twins |", "|---|---|---|---|"]
    for family in sorted({run["family"] for run in runs} - {""}):
        mine = [run for run in runs if run["family"] == family]
        alarms = [run for run in mine if run["outcome"] == FALSE_ALARM]
        twins = [run for run in mine if run["variant"] == "healthy"]
        shares = [_share([r for r in mine if r["variant"] == v]) for v in ("faulty", "disguised")]
        lines.append(f"| {family} | {shares[0]} | {shares[1]} | {len(alarms)} of {len(twins)} |")
    invisible = [run for run in faults if run["invisible"]]
    alarms = sum(run["outcome"] == FALSE_ALARM for run in sound)
    failed = sum(run["outcome"] == FAILED for run in runs)
    seconds = sorted(run["seconds"] for run in runs)
    lines += [
        "",
        f"found among the first two: {_share(faults)}",
        f"of those invisible in the source: {_share(invisible)}",
        f"false alarms: {alarms} of {len(sound)} sound scripts",
        f"failed runs: {failed} of {len(runs)}",
    ]
    if seconds:
        lines.append(
            f"seconds a run: median {seconds[len(seconds) // 2]:.0f}, max {seconds[-1]:.0f}"
        )
    return "\n".join(lines)


def _share(runs: list[dict[str, Any]]) -> str:
    return f"{sum(run['outcome'] == HIT for run in runs)} of {len(runs)}"


if __name__ == "__main__":
    main()

"""SIGKILL at random moments of a small fine-tuning, and what `--resume` makes of it.

    .venv/bin/python benchmarks/kills.py [--kills 100] [--seed 0]

A run of fixed length is made once without interruption. Then the same run is killed, at a moment
drawn between its start and its end, and resumed until it is done. Its weights must be those of the
first, to the bit. Writes benchmarks/results/kills.json, or where --results says; exit status 1 if
any differ.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "kills.json"
FIT = [
    "fit", "digits", "--limit", "600", "--mode", "finetune", "--epochs", "12", "--size", "32",
    "--tap", "block2a_project_bn", "--grid", "2", "--runtime", "tensorflow", "--quiet",
]  # fmt: skip
WEIGHTS = "weights.safetensors"


def start(arguments: list[str], folder: Path) -> subprocess.Popen:
    # the cached features of a killed run would make the next one another run
    environment = os.environ | {"REGRAFT_CACHE": str(folder.parent / f"cache-{folder.name}")}
    return subprocess.Popen(
        [sys.executable, "-m", "regraft", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate()
    if process.returncode:
        msg = f"exit status {process.returncode}: {errors.decode()}"
        raise SystemExit(msg)


def where(folder: Path) -> str:
    """How far a killed run had come, by what is in its folder."""
    if (folder / WEIGHTS).is_file():
        return "saving or done"
    for name, stage in (("training.safetensors", "training"), ("plan.json", "before step 1")):
        if (folder / "checkpoint" / name).is_file():
            return stage
    return "before the plan" if folder.exists() else "before anything"


def kill_once(folder: Path, after: float) -> str:
    process = start([*FIT, "--out", str(folder)], folder)
    time.sleep(after)
    process.kill()
    process.communicate()
    stage = where(folder)
    if not folder.exists():  # nothing to resume: the same command again
        finish(start([*FIT, "--out", str(folder)], folder))
    elif (folder / "checkpoint").exists():
        finish(start(["fit", "--resume", str(folder), "--quiet"], folder))
    return stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    stages, different = {}, 0
    with tempfile.TemporaryDirectory() as base:
        whole = Path(base) / "whole"
        began = time.monotonic()
        finish(start([*FIT, "--out", str(whole)], whole))
        seconds = time.monotonic() - began
        expected = (whole / WEIGHTS).read_bytes()
        print(f"uninterrupted: {seconds:.0f} s", flush=True)
        for number in range(options.kills):
            folder, after = Path(base) / f"killed-{number}", draw.uniform(0, seconds)
            stage = kill_once(folder, after)
            is_same = (folder / WEIGHTS).read_bytes() == expected
            different += not is_same
            stages[stage] = stages.get(stage, 0) + 1
            verdict = "same weights" if is_same else "OTHER WEIGHTS"
            print(f"{number + 1}: killed after {after:.1f} s, {stage}: {verdict}", flush=True)
    options.results.parent.mkdir(exist_ok=True)
    results = {
        "kills": options.kills,
        "different": different,
        "stages": stages,
        "seconds_uninterrupted": round(seconds, 1),
        "machine": platform.processor() or platform.machine(),
    }
    options.results.write_text(json.dumps(results, indent=2) + "\n")
    print(f"{options.kills - different} of {options.kills} came to the same weights")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()

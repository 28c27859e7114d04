"""SIGKILL at random moments of a small fine-tuning, and what `--resume` makes of it.

    .venv/bin/python benchmarks/kills.py [--kills 100] [--a-run 5] [--seed 0] [--add]

A run of fixed length is made once without interruption. Then the same run is made again and again,
killed `--a-run` times on its way: every process, the first and those that resume, dies at a
moment drawn between its start and the seconds that the last such process took. Where one is done
before its moment, that is no kill. The weights of every run must be those of the first, to the
bit. Writes benchmarks/results/kills.json, or where --results says; exit status 1 if any differ.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from record import RESULTS, write

FIT = [
    "fit", "digits", "--limit", "400", "--mode", "finetune", "--epochs", "30", "--size", "32",
    "--tap", "block2a_project_bn", "--grid", "2", "--runtime", "tensorflow", "--quiet",
]  # fmt: skip
WEIGHTS = "weights.safetensors"

# Every command is a process of its own, forked from one that has imported what all need: else
# most moments would fall into the import of TensorFlow, where there is nothing to lose.
PROCESSES = multiprocessing.get_context("forkserver")


def run(command: list[str], cache: str) -> None:
    """One command line, in a forked process."""
    os.environ["REGRAFT_CACHE"] = cache
    sys.argv = ["regraft", *command]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    from regraft.cli import main as regraft

    regraft()


def start(command: list[str], folder: Path) -> multiprocessing.Process:
    # the cached features of a killed run would make the next one another run
    cache = str(folder.parent / f"cache-{folder.name}")
    process = PROCESSES.Process(target=run, args=(command, cache))
    process.start()
    return process


def command_for(folder: Path) -> list[str]:
    """What goes on with a run, or begins it where nothing is there to resume."""
    if folder.exists():
        return ["fit", "--resume", str(folder), "--quiet"]
    return [*FIT, "--out", str(folder)]


def is_done(folder: Path) -> bool:
    return folder.exists() and not (folder / "checkpoint").exists()


def require_success(process: multiprocessing.Process) -> None:
    process.join()
    if process.exitcode:
        sys.exit(f"a run ended with exit status {process.exitcode}")


def where(folder: Path) -> str:
    """How far a killed run had come, by what is in its folder."""
    if (folder / WEIGHTS).is_file():
        return "saving or done"
    for name, stage in (("training.safetensors", "training"), ("plan.json", "before step 1")):
        if (folder / "checkpoint" / name).is_file():
            return stage
    return "before the plan" if folder.exists() else "before anything"


class Moments:
    """When to kill: anywhere in what a process that begins or resumes a run is known to take."""

    def __init__(self, seed: int, seconds: float) -> None:
        self.draw = random.Random(seed)
        self.seconds = {"begin": seconds, "resume": seconds}

    def next(self, kind: str) -> float:
        return self.draw.uniform(0, self.seconds[kind])


def killed_run(folder: Path, moments: Moments, n: int) -> list[dict]:
    """Make a run that is killed up to n times on its way; its kills."""
    kills = []
    while not is_done(folder):
        kind = "resume" if folder.exists() else "begin"
        after = moments.next(kind) if len(kills) < n else None
        began = time.monotonic()
        process = start(command_for(folder), folder)
        process.join(after)
        if process.is_alive():
            process.kill()
            process.join()
            kills.append({"after": round(after, 2), "stage": where(folder)})
        else:
            require_success(process)
            moments.seconds[kind] = time.monotonic() - began
    return kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--a-run", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--add", action="store_true", help="to the runs that the file holds")
    parser.add_argument("--results", type=Path, help="a file in place of the usual one")
    options = parser.parse_args()
    PROCESSES.set_forkserver_preload(["tensorflow", "keras", "regraft.pipeline", "regraft.cli"])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    file = options.results or RESULTS / "kills.json"
    runs = json.loads(file.read_text())["rows"]["each"] if options.add else []
    with tempfile.TemporaryDirectory() as base:
        whole = Path(base) / "whole"
        require_success(start(["--help"], whole))  # imports everything, once
        began = time.monotonic()
        require_success(start(command_for(whole), whole))
        seconds = time.monotonic() - began
        expected = (whole / WEIGHTS).read_bytes()
        print(f"uninterrupted: {seconds:.0f} s", flush=True)
        moments = Moments(options.seed, seconds)
        n_killed = 0
        while n_killed < options.kills:
            folder = Path(base) / f"run-{len(runs)}"
            kills = killed_run(folder, moments, min(options.a_run, options.kills - n_killed))
            is_same = (folder / WEIGHTS).read_bytes() == expected
            n_killed += len(kills)
            runs.append({"kills": kills, "same_weights": is_same})
            stages = ", ".join(f"{kill['after']:.1f} s ({kill['stage']})" for kill in kills)
            verdict = "same weights" if is_same else "OTHER WEIGHTS"
            print(f"{n_killed}: killed after {stages or 'no time'}: {verdict}", flush=True)
    stages = Counter(kill["stage"] for run in runs for kill in run["kills"])
    different = sum(not run["same_weights"] for run in runs)
    rows = {
        "kills": stages.total(),
        "runs": len(runs),
        "runs_with_other_weights": different,
        "stages": stages,
        "seconds_uninterrupted": round(seconds, 1),
        "each": runs,
    }
    asked = {name: getattr(options, name) for name in ("kills", "a_run", "seed", "add")}
    write("kills", rows, arguments=asked, file=options.results)
    print(f"{len(runs) - different} of {len(runs)} runs came to the same weights")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()

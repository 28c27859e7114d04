"""What `regraft fit` reaches, and what it costs, from nothing cached and from the cache.

    .venv/bin/python benchmarks/fit.py [--only digits] [--repeat 3]

Writes benchmarks/results/fit.json. Cases that need ../shared/offline are left out without it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import OFFLINE, write

CASES = {
    "digits": "digits",
    "mnist-vgg16": "mnist --backbone vgg16 --size 32 --tap block3_pool --grid 2",
    "mnist-mobilenet_v2": "mnist --backbone mobilenet_v2 --size 96 --tap block_12_add --grid 3",
    "dogs_cats": "{offline}/images/dogs_cats --backbone efficientnet_lite0 --size 224",
}
WITHOUT_OFFLINE = {"digits"}


def run(case: str, folder: Path) -> dict:
    """One fit in a process of its own, as a user would start it."""
    report = folder / "fit.json"
    arguments = [part.format(offline=OFFLINE) for part in CASES[case].split()]
    environment = os.environ | {
        "REGRAFT_CACHE": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "regraft", "fit", *arguments, "--quiet", "--json", str(report)]
    started = time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    return json.loads(report.read_text()) | {"wall_seconds": round(wall, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=CASES, action="append")
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    names = options.only or [n for n in CASES if n in WITHOUT_OFFLINE or OFFLINE.is_dir()]
    rows = {}
    for name in names:
        cold, warm = [], []
        for _ in range(options.repeat):
            with tempfile.TemporaryDirectory() as folder:
                cold.append(run(name, Path(folder)))
                warm.append(run(name, Path(folder)))
        first = cold[0]
        rows[name] = {
            "test_accuracy": first["test_accuracy"],
            "test_interval": first["test_interval"],
            "floors": first["floors"],
            "plan": first["plan"],
            "seconds_cold": [result["wall_seconds"] for result in cold],
            "seconds_cached": [result["wall_seconds"] for result in warm],
            "images_per_second": [round(result["images_per_second"], 1) for result in cold],
            "peak_memory_bytes": max(result["peak_memory_bytes"] or 0 for result in cold),
            "same_again": all(r["test_accuracy"] == first["test_accuracy"] for r in cold + warm),
        }
        row = rows[name]
        print(
            f"{name:20} accuracy {row['test_accuracy']:.4f}, "
            f"{statistics.median(row['seconds_cold']):.0f} s, "
            f"{statistics.median(row['seconds_cached']):.0f} s from the cache, "
            f"{row['peak_memory_bytes'] / 1e9:.2f} GB",
            flush=True,
        )
    write("fit", rows, arguments=vars(options))


if __name__ == "__main__":
    main()

"""What every benchmark writes: its rows, with the machine and the versions they were taken on."""

import importlib.util
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OFFLINE = HERE.parents[1] / "shared" / "offline"
RESULTS = HERE / "results"
LIBRARIES = (
    "keras",
    "tensorflow-cpu",
    "openvino",
    "nncf",
    "onnxruntime",
    "numpy",
    "scipy",
    "scikit-learn",
)


def write(name: str, rows: Any, *, arguments: Mapping[str, Any], file: Path | None = None) -> Path:
    """Write `results/NAME.json`, or another file, and say where it is."""
    file = file or RESULTS / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    facts = {"machine": machine(), "arguments": dict(arguments), "rows": rows}
    file.write_text(json.dumps(facts, indent=2) + "\n")
    is_ours = file.is_relative_to(HERE.parent)
    print(f"written: {file.relative_to(HERE.parent) if is_ours else file}")
    return file


def machine() -> dict[str, Any]:
    """The processor, how busy it is, and the versions that decide the numbers."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": versions,
    }


def timed(work: Callable[[], Any]) -> float:
    """Seconds one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(sides: Mapping[str, Callable[[], Any]], *, repeat: int) -> dict[str, list[float]]:
    """Seconds of each side, one after the other, again and again: what slows one slows all."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeat):
        for name, work in sides.items():
            seconds[name].append(timed(work))
    return seconds


def summary(values: list[float]) -> dict[str, float]:
    """Median, least and largest."""
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
    }


def use_offline_weights() -> None:
    """Find Keras's files in ../shared/offline where that is there."""
    if OFFLINE.is_dir():
        # what PYTHONPATH would have done
        file = OFFLINE / "sitecustomize.py"
        spec = importlib.util.spec_from_file_location("offline", file)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

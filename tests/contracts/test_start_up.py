"""Importing regraft and asking for help are instant, and load no deep-learning library."""

import resource
import subprocess
import sys

import pytest

HEAVY = ("keras", "tensorflow", "jax", "torch", "openvino", "onnxruntime", "sklearn", "scipy")
LIMIT_SECONDS = 0.3
CASES = [
    pytest.param(["-c", "import regraft"], id="import"),
    pytest.param(["-m", "regraft", "--help"], id="help"),
]


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)


def processor_seconds(arguments: list[str]) -> float:
    """Time on the processor: what a busy machine cannot inflate by making us wait."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("arguments", CASES)
def test_takes_less_than_0_3_seconds(arguments):
    assert min(processor_seconds(arguments) for _ in range(3)) < LIMIT_SECONDS


LIGHT = [
    pytest.param(["-m", "regraft", "fit", "--help"], id="help-of-a-command"),
    pytest.param(["-c", "import regraft.records, regraft.errors"], id="records"),
    pytest.param(["-c", "import regraft.report.terminal"], id="report"),
]


@pytest.mark.parametrize("arguments", CASES + LIGHT)
def test_loads_no_heavy_library(arguments):
    seen = run(["-X", "importtime", *arguments]).stderr
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in seen.splitlines()}
    assert loaded.isdisjoint(HEAVY)
    assert "regraft" in loaded

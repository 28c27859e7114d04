"""`fit --mode finetune` and `--resume` as commands, in processes that really are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RUN = (
    "fit", "digits", "--limit", "300", "--mode", "finetune", "--epochs", "400", "--size", "32",
    "--tap", "block1a_project_bn", "--grid", "1", "--runtime", "tensorflow",
)  # fmt: skip


def test_neither_data_nor_a_run(regraft):
    outcome = regraft("fit")
    assert outcome.status == 2
    assert "expected DATA, or --resume RUN" in outcome.err


def test_no_such_run(regraft):
    outcome = regraft("fit", "--resume", "nowhere")
    assert outcome.status == 2
    assert "nowhere" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_finished_run(regraft, fitted):
    outcome = regraft("fit", "--resume", fitted[1])
    assert outcome.status == 2
    assert "it is finished" in outcome.err


def test_epochs_need_a_mode_that_trains(regraft, pictures):
    outcome = regraft("fit", pictures, "--epochs", "3")
    assert outcome.status == 2
    assert "--mode finetune" in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_a_stopped_command_exits_with_130_and_leaves_an_artefact(tmp_path, stop):
    out = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "regraft", *RUN, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 400
    while not (out / "checkpoint" / "training.safetensors").exists():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.1)
    os.kill(process.pid, stop)
    shown, _ = process.communicate(timeout=400)
    assert process.returncode == 130
    assert f"regraft fit --resume {out}" in shown
    assert (out / "manifest.json").is_file()
    assert (out / "checkpoint").is_dir()


@pytest.mark.slow
def test_kills_at_random_moments_change_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "kills.py", "--kills", "3", "--results", tmp_path / "k.json"],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "k.json").read_text())["rows"]
    assert found["kills"] == 3
    assert found["runs_with_other_weights"] == 0

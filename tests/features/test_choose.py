import json
import signal
import subprocess
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from regraft.errors import InvalidArgumentError, MissingDependencyError
from regraft.features.runtimes import choose
from regraft.features.runtimes.choose import RUNTIMES, choose_runtime


def child_that(monkeypatch, *, answer=None, status=0, hangs=False):
    """Replace the child process; returns the list of commands it was asked to run."""
    commands = []

    def run(command, **options):
        commands.append(command)
        if hangs:
            raise subprocess.TimeoutExpired(command, 1)
        if answer is not None:
            Path(command[-1]).write_text(json.dumps(answer))
        return subprocess.CompletedProcess(command, status)

    names = ("DEVNULL", "TimeoutExpired")
    kept = {name: getattr(subprocess, name) for name in names}
    monkeypatch.setattr(choose, "subprocess", SimpleNamespace(run=run, **kept))
    return commands


def answer(*, off=2e-7, pace=1.9, error=""):
    """What a child writes."""
    return {"difference": off, "times_as_fast": pace, "error": error}


@pytest.mark.parametrize(
    ("child", "expected", "because"),
    [
        pytest.param({"answer": answer()}, "openvino", "2.0e-07", id="right-and-fast"),
        pytest.param({"answer": answer(pace=1.0)}, "openvino", "1.0 times", id="as-fast"),
        pytest.param({"answer": answer(pace=0.98)}, "tensorflow", "1.0 times", id="slower"),
        pytest.param({"answer": answer(off=2e-3)}, "tensorflow", "2.0e-03", id="imprecise"),
        pytest.param(
            {"answer": answer(off=1e9, pace=0.0, error="RuntimeError: no plug-in")},
            "tensorflow",
            "no plug-in",
            id="error",
        ),
        pytest.param({"status": -signal.SIGFPE}, "tensorflow", "status -8", id="crash"),
    ],
)
def test_auto_is_openvino_where_it_is_right_and_no_slower(
    tmp_path, monkeypatch, child, expected, because
):
    commands, notes = child_that(monkeypatch, **child), []
    for _ in range(2):
        assert choose_runtime("auto", folder=tmp_path, note=notes.append).name == expected
    assert len(commands) == 1  # remembered
    (verdict,) = json.loads((tmp_path / "runtimes.json").read_text()).values()
    assert because in verdict["because"]
    assert len(notes) == (expected == "tensorflow")
    assert all(verdict["because"] in note for note in notes)


@pytest.mark.parametrize(
    ("child", "because"),
    [
        pytest.param({"hangs": True}, "no answer in 180 s", id="hang"),
        pytest.param({"status": -signal.SIGKILL}, "status -9", id="killed"),
        pytest.param({"status": -signal.SIGTERM}, "status -15", id="stopped"),
        pytest.param({"status": 1}, "status 1", id="no-answer"),
    ],
)
def test_what_says_nothing_about_the_runtime_is_not_remembered(
    tmp_path, monkeypatch, child, because
):
    commands, notes = child_that(monkeypatch, **child), []
    for _ in range(3):
        chosen = choose_runtime("auto", folder=tmp_path, note=notes.append)
        assert chosen.name == "tensorflow"
    assert len(commands) == len(notes) == 1  # this process waits once, and says so once
    assert because in notes[0]
    assert not (tmp_path / "runtimes.json").exists()
    monkeypatch.setattr(choose, "_for_now", {})  # as another process begins
    child_that(monkeypatch, answer=answer())
    assert choose_runtime("auto", folder=tmp_path).name == "openvino"


def test_the_ratio_is_remembered(tmp_path, monkeypatch):
    child_that(monkeypatch, answer=answer(pace=1.9))
    choose_runtime("auto", folder=tmp_path)
    (verdict,) = json.loads((tmp_path / "runtimes.json").read_text()).values()
    assert verdict["times_as_fast"] == 1.9


def test_the_child_imports_nothing_from_the_folder_the_user_works_in(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('the numpy of the user')")
    monkeypatch.chdir(tmp_path)
    commands = child_that(monkeypatch, answer=answer())
    choose_runtime("auto", folder=tmp_path / "cache")
    flags = commands[0][1 : commands[0].index("-m")]
    code = ["-c", "import numpy; print(numpy.__version__)"]
    done = subprocess.run([commands[0][0], *flags, *code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_another_version_is_probed_again(tmp_path, monkeypatch):
    commands = child_that(monkeypatch, answer=answer())
    choose_runtime("auto", folder=tmp_path)
    monkeypatch.setattr(type(RUNTIMES["openvino"]), "version", lambda self: "2099.1")
    choose_runtime("auto", folder=tmp_path)
    assert len(commands) == 2


def test_a_damaged_memory_is_written_anew(tmp_path, monkeypatch):
    commands = child_that(monkeypatch, answer=answer())
    (tmp_path / "runtimes.json").write_text("{half")
    assert choose_runtime("auto", folder=tmp_path).name == "openvino"
    assert choose_runtime("auto", folder=tmp_path).name == "openvino"
    assert len(commands) == 1


def test_without_openvino_auto_is_tensorflow_and_openvino_says_what_to_install(
    tmp_path, monkeypatch
):
    def version(distribution):
        raise metadata.PackageNotFoundError(distribution)

    monkeypatch.setattr("regraft.features.runtimes.openvino.metadata.version", version)
    with pytest.raises(MissingDependencyError, match="pip install openvino"):
        choose_runtime("openvino", folder=tmp_path)
    assert choose_runtime("auto", folder=tmp_path).name == "tensorflow"


def test_an_unknown_runtime_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"Did you mean openvino\?"):
        choose_runtime("opnvino", folder=tmp_path)


@pytest.mark.slow
def test_the_real_probe_in_a_real_child(tmp_path):
    assert choose_runtime("auto", folder=tmp_path).name in RUNTIMES
    (verdict,) = json.loads((tmp_path / "runtimes.json").read_text()).values()
    # right in any case; how fast it is depends on what else the machine does
    off = float(verdict["because"].split()[4])
    assert off <= choose.LARGEST_DIFFERENCE, verdict["because"]
    assert verdict["times_as_fast"] > 0
    assert verdict["passes"] == (verdict["times_as_fast"] >= 1)


def test_onnxruntime_says_what_to_install(tmp_path, monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("regraft.features.runtimes.onnxruntime.metadata.version", version)
    with pytest.raises(MissingDependencyError, match=r"tf2onnx.*regraft\[onnx\]"):
        choose_runtime("onnxruntime", folder=tmp_path)

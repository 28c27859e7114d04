import json
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


@pytest.mark.parametrize(
    ("child", "expected", "because"),
    [
        pytest.param(
            {"answer": {"difference": 2e-7, "error": ""}}, "openvino", "2.0e-07", id="right"
        ),
        pytest.param(
            {"answer": {"difference": 2e-3, "error": ""}}, "tensorflow", "2.0e-03", id="imprecise"
        ),
        pytest.param(
            {"answer": {"difference": 1e9, "error": "RuntimeError: no plug-in"}},
            "tensorflow",
            "no plug-in",
            id="error",
        ),
        pytest.param({"status": -8}, "tensorflow", "status -8", id="crash"),
        pytest.param({"hangs": True}, "tensorflow", "no answer", id="hang"),
    ],
)
def test_auto_is_openvino_where_the_probe_passes(tmp_path, monkeypatch, child, expected, because):
    commands = child_that(monkeypatch, **child)
    assert choose_runtime("auto", folder=tmp_path).name == expected
    assert choose_runtime("auto", folder=tmp_path).name == expected
    assert len(commands) == 1  # remembered
    (verdict,) = json.loads((tmp_path / "runtimes.json").read_text()).values()
    assert because in verdict["because"]


def test_another_version_is_probed_again(tmp_path, monkeypatch):
    commands = child_that(monkeypatch, answer={"difference": 0.0, "error": ""})
    choose_runtime("auto", folder=tmp_path)
    monkeypatch.setattr(type(RUNTIMES["openvino"]), "version", lambda self: "2099.1")
    choose_runtime("auto", folder=tmp_path)
    assert len(commands) == 2


def test_a_damaged_memory_is_written_anew(tmp_path, monkeypatch):
    commands = child_that(monkeypatch, answer={"difference": 0.0, "error": ""})
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
    assert verdict["passes"], verdict["because"]


def test_onnxruntime_says_what_to_install(tmp_path, monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("regraft.features.runtimes.onnxruntime.metadata.version", version)
    with pytest.raises(MissingDependencyError, match=r"tf2onnx.*regraft\[onnx\]"):
        choose_runtime("onnxruntime", folder=tmp_path)

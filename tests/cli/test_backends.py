"""The same commands where Keras computes with JAX or PyTorch: optional, so absent as a rule."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

FIT = (
    "fit", "digits", "--limit", "120", "--mode", "finetune", "--epochs", "1", "--size", "32",
    "--tap", "block1a_project_bn", "--grid", "2", "--runtime", "tensorflow", "--quiet",
)  # fmt: skip


@pytest.fixture(scope="module", params=["jax", "torch"])
def backend(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: pip install regraft[{request.param}]")
    return request.param


@pytest.fixture(scope="module")
def run(backend, tmp_path_factory):
    """Runs a command with that backend, in a folder of its own."""
    folder = tmp_path_factory.mktemp(backend)

    def command(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "regraft", *map(str, arguments)],
            env=os.environ | {"KERAS_BACKEND": backend, "REGRAFT_CACHE": str(folder / "cache")},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    command.folder = folder
    return command


@pytest.fixture(scope="module")
def fitted(run):
    run(*FIT, "--out", "first", "--json", "first.json")
    return json.loads((run.folder / "first.json").read_text())


@pytest.mark.backend
@pytest.mark.slow
def test_it_fine_tunes(fitted):
    assert fitted["finetune"]["steps"] > 5
    assert fitted["finetune"]["plan"]["precision"] == "float32"
    losses = [each["training_loss"] for each in fitted["finetune"]["history"]]
    assert np.isfinite(losses).all()


@pytest.mark.backend
@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(run, fitted):
    run(*FIT, "--out", "second")
    one, other = (run.folder / name / "weights.safetensors" for name in ("first", "second"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.backend
@pytest.mark.slow
def test_it_evaluates_as_it_was_fitted(run, fitted):
    run("evaluate", "first", "digits", "--limit", "120", "--json", "scores.json")
    scores = json.loads((run.folder / "scores.json").read_text())
    assert scores["accuracy"] == fitted["test_accuracy"]


@pytest.mark.backend
@pytest.mark.slow
def test_tensorflow_answers_the_same_about_it(run, backend, fitted, tmp_path):
    pictures = tmp_path / "pictures.npz"
    generator = np.random.default_rng(0)
    np.savez(pictures, x=generator.integers(0, 255, (6, 28, 28)).astype(np.uint8))
    script = (
        "import sys, numpy, regraft; pictures = list(numpy.load(sys.argv[1])['x']);"
        "answers = regraft.load(sys.argv[2]).predict(pictures);"
        "numpy.save(sys.argv[3], answers.probabilities)"
    )
    answers = []
    for name in (backend, "tensorflow"):
        file = tmp_path / f"{name}.npy"
        subprocess.run(
            [sys.executable, "-c", script, pictures, run.folder / "first", file],
            env=os.environ | {"KERAS_BACKEND": name},
            check=True,
            capture_output=True,
        )
        answers.append(np.load(file))
    assert answers[0] == pytest.approx(answers[1], abs=1e-4)

"""The command on whole scripts, each in a folder of its own with the data beside it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "src" / "regraft" / "data" / "bundled" / "digits.npz"

SCRIPT = '''\
"""Digits with a small network, as people write it."""

from pathlib import Path

import keras
import numpy as np

data = np.load(Path(__file__).parent / "digits.npz")
x_train, y_train = data["x_train"][:1500, ..., None] / 255.0, data["y_train"][:1500]
x_val, y_val = data["x_test"][:500, ..., None] / 255.0, data["y_test"][:500]

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
    keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10),
])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=LOGITS)
model.compile("adam", loss, metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, batch_size=32, validation_data=(x_val, y_val), verbose=0)
'''
CHANGES_FILES = """
import os
import shutil

os.chdir(Path(__file__).parent)
model.save("best.keras")
model.save("best.h5")
assert keras.saving.load_model("best.h5").count_params() == model.count_params()
Path("notes.txt").write_text("overwritten")
os.remove("precious.txt")
os.rename("digits.npz", "moved.npz")
shutil.rmtree("results")
"""


@dataclass
class Answer:
    exit_code: int
    report: dict
    text: str


@pytest.fixture
def why(tmp_path):
    """Put the command to a script that stands in a folder with the digits."""
    shutil.copy2(DIGITS, tmp_path / "digits.npz")

    def ask(source):
        script, out = tmp_path / "train.py", tmp_path / "out.json"
        script.write_text(source)
        done = subprocess.run(
            [sys.executable, "-m", "regraft", "why", str(script),
             "--budget", "2m", "--json", str(out), "--quiet"],
            cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip
        report = json.loads(out.read_text()) if out.is_file() else {}
        return Answer(done.returncode, report, done.stdout + done.stderr)

    return ask


def test_logits_without_the_flag_are_found(why):
    answer = why(SCRIPT.replace("LOGITS", "False"))
    assert answer.exit_code == 1, answer.text
    first = answer.report["findings"][0]
    assert first["family"] == "OUT"
    assert first["gain"]["interval"][0] > 0.02
    line = 1 + SCRIPT[: SCRIPT.index("model.compile")].count("\n")
    assert line in [where["line"] for where in first["where"]]
    assert "from_logits=True" in first["patch"] or "softmax" in first["patch"]
    observed = answer.report["observed"]
    assert observed["n_val"] == 500
    assert answer.report["reachable"]["repaired_script"] > observed["val_accuracy"] + 0.05


def test_a_healthy_script_is_left_in_peace_and_so_are_its_files(why, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "precious.txt").write_text("mine too")
    (tmp_path / "best.h5").write_bytes(b"the best of last week")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "run.csv").write_text("1,2")
    answer = why(SCRIPT.replace("LOGITS", "True") + CHANGES_FILES)
    if "lets nothing write" in json.dumps(answer.report):
        pytest.skip("private mounts are not permitted here: the script could not write at all")
    assert answer.exit_code == 0, answer.text
    assert answer.report["findings"] == []
    assert answer.report["error"] is None
    assert answer.report["observed"]["val_accuracy"] > 0.8
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "precious.txt").read_text() == "mine too"
    assert (tmp_path / "best.h5").read_bytes() == b"the best of last week"
    assert (tmp_path / "results" / "run.csv").read_text() == "1,2"
    assert {path.name for path in tmp_path.iterdir()} == {
        "train.py", "out.json", "digits.npz", "notes.txt", "precious.txt", "best.h5", "results",
    }  # fmt: skip


def test_a_script_that_crashes_fails_with_its_own_traceback(why):
    source = "import keras\n\ndef load(name):\n    return {}[name]\n\nx = load('pictures')\n"
    answer = why(source)
    assert answer.exit_code == 3, answer.text
    error = answer.report["error"]
    assert (error["type"], error["line"]) == ("KeyError", 4)
    assert error["file"].endswith("train.py")
    assert "x = load('pictures')" in error["traceback"]
    assert "diagnose" not in error["traceback"]


def test_a_script_that_never_trains_fails(why):
    answer = why("import keras\nmodel = keras.Sequential([keras.layers.Dense(2)])\n")
    assert answer.exit_code == 3, answer.text
    assert answer.report["error"]["type"] == "NeverTrained"
    assert answer.report["findings"] == []

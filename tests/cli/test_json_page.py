"""docs/json.md names every key that is written."""

import json
import re
from pathlib import Path

import pytest

from regraft.diagnose.as_json import as_json
from regraft.diagnose.diagnosis import Diagnosis

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")


def undocumented(view, command):
    """Keys that the section of a command does not name in code style."""
    section = PAGE.partition(f"## `regraft {command}`")[2].partition("\n## ")[0]
    return set(view) - set(re.findall(r"`(\w+)`", section)) - {"schema"}


@pytest.mark.parametrize("command", ["evaluate", "predict", "search"])
def test_every_key_is_described(regraft, fitted, tmp_path, command):
    data, artefact = fitted
    arguments = {
        "evaluate": [artefact, data],
        "predict": [artefact, next((data / "bright").iterdir())],
        "search": [data, "--backbones", "efficientnet_lite0", "--sizes", "32"],
    }[command]
    outcome = regraft(command, *arguments, "--json", "view.json", "--quiet")
    assert outcome.status == 0, outcome.err
    view = json.loads((tmp_path / "view.json").read_text())
    assert not undocumented(view, command)
    for listed in ("candidates", "predictions", "per_class"):
        for each in view.get(listed, ())[:1]:
            assert not undocumented(each, command)


def test_the_keys_of_fit_are_described(regraft, pictures, tmp_path):
    fast = ("--size", "40", "--tap", "block2a_project_bn", "--grid", "2", "--runtime", "tensorflow")
    assert regraft("fit", pictures, *fast, "--json", "view.json", "--quiet").status == 0
    view = json.loads((tmp_path / "view.json").read_text())
    assert not undocumented(view, "fit") | undocumented(view["plan"], "fit")
    assert not undocumented(view["floors"], "fit")


def test_the_keys_of_why_are_described():
    view = as_json(
        Diagnosis(
            script="train.py", observed=0.5, claimed=None, chance=0.1, n_validation=200,
            source_call="fit", source_site=None, repaired_script=None, regraft_fit=None,
        )
    )  # fmt: skip
    assert not undocumented(view, "why")
    assert not undocumented(view["observed"], "why") | undocumented(view["reachable"], "why")


def test_a_key_that_is_missing_is_seen():
    assert undocumented({"unheard_of": 1, "schema": 1}, "why") == {"unheard_of"}

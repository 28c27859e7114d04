"""`regraft why` and `regraft explain` around a stand-in for the engine."""

import json

import numpy as np
import pytest

from regraft import pipeline
from regraft.diagnose.diagnosis import Cause, Diagnosis, Gain, Pictures, ScriptError
from regraft.diagnose.evidence import Site
from regraft.errors import InvalidArgumentError
from regraft.pipeline.diagnosing import require_script_to_write

USUAL = {
    "script": "train.py",
    "observed": 0.5,
    "claimed": None,
    "chance": 0.1,
    "n_validation": 200,
    "source_call": "fit",
    "source_site": Site(file="train.py", line=2),
    "repaired_script": None,
    "regraft_fit": None,
}
HEALTHY = Diagnosis(**USUAL)
CAUSE = Cause(
    id="GEO001", name="np-resize-scrambles-pictures", family="GEO", because="np.resize cuts it",
    where=(Site(file="train.py", line=1),), gain=Gain(kind="accuracy", only_this=0.4),
    fix="resize", repairs=(), patch="--- a/train.py\n",
)  # fmt: skip
FAULTY = Diagnosis(
    **USUAL,
    findings=(CAUSE,),
    pictures=Pictures(as_fed=np.zeros((2, 8, 8, 3), np.uint8), repaired=None, labels=("5", "0")),
)
FAILED = Diagnosis(
    **(USUAL | {"observed": None}),
    error=ScriptError(
        type="KeyError", message="'x'", file="train.py", line=3, traceback="KeyError: 'x'"
    ),
)


@pytest.fixture
def why(regraft, monkeypatch, tmp_path):
    """Runs the command on a script, with a diagnosis given in advance."""
    (tmp_path / "train.py").write_text("print(1)\n")

    def run(diagnosis, *arguments):
        asked = {}

        def stand_in(script, **options):
            asked.update(options, script=script)
            return diagnosis

        monkeypatch.setattr(pipeline, "why", stand_in)
        return regraft("why", "train.py", *arguments), asked

    return run


@pytest.mark.parametrize(
    ("diagnosis", "status", "text"),
    [
        pytest.param(HEALTHY, 0, "No cause found.", id="healthy"),
        pytest.param(FAULTY, 1, "1  GEO001 np-resize-scrambles-pictures", id="faulty"),
        pytest.param(FAILED, 3, "KeyError", id="failed"),
    ],
)
def test_the_exit_status_says_what_was_found(why, diagnosis, status, text):
    outcome, _ = why(diagnosis)
    assert outcome.status == status
    assert text in outcome.out


def test_json_is_written_also_when_the_script_failed(why, tmp_path):
    why(FAILED, "--json", "why.json")
    view = json.loads((tmp_path / "why.json").read_text())
    assert view["error"]["traceback"] == "KeyError: 'x'"


def test_the_page_is_written(why, tmp_path):
    why(FAULTY, "--html", "why.html")
    assert "data:image/png" in (tmp_path / "why.html").read_text()


def test_flags_reach_the_engine(why, tmp_path):
    _, asked = why(
        HEALTHY, "--budget", "5m", "--python", "/usr/bin/python3", "--fix", "fixed.py",
        "--", "--epochs", "3",
    )  # fmt: skip
    assert asked["budget"] == 300
    assert asked["python"] == "/usr/bin/python3"
    assert str(asked["fix"]) == "fixed.py"
    assert asked["arguments"] == ("--epochs", "3")


def test_nothing_to_repair_is_said_once(why):
    outcome, _ = why(HEALTHY, "--fix", "fixed.py")
    assert outcome.err.count("Nothing to repair: fixed.py is not written.") == 1
    assert "Nothing to repair" not in why(FAULTY, "--fix", "fixed.py")[0].err


def test_the_budget_is_three_minutes_unless_said(why):
    _, asked = why(HEALTHY)
    assert asked["budget"] == 180


@pytest.mark.parametrize("name", ["fixed", "fixed.txt", "fixed.ipynb"])
def test_a_repaired_script_under_no_name_of_a_script_is_refused_at_once(name):
    with pytest.raises(InvalidArgumentError, match=rf"a \.py file .*; received {name}"):
        require_script_to_write(name)


@pytest.mark.parametrize("option", ["--fix", "--html", "--json"])
def test_the_script_itself_is_never_written_to(why, tmp_path, option):
    outcome, asked = why(HEALTHY, option, "./train.py")
    assert outcome.status == 2
    assert f"another file than the script for {option}" in outcome.err
    assert not asked
    assert (tmp_path / "train.py").read_text() == "print(1)\n"


def test_explain_shows_a_rule_with_its_source(regraft):
    outcome = regraft("explain", "geo001")
    assert outcome.status == 0
    for part in ("GEO001 np-resize-scrambles-pictures", "Why it hurts:", "Source: https://"):
        assert part in outcome.out


def test_explain_lists_every_rule(regraft):
    outcome = regraft("explain")
    assert outcome.out.count("\n") >= 40


def test_explain_names_the_nearest_of_an_unknown_rule(regraft):
    outcome = regraft("explain", "GEO01")
    assert outcome.status == 2
    assert "GEO001" in outcome.err


def test_an_interpreter_that_is_not_there_is_wrong_use(regraft, tmp_path):
    (tmp_path / "train.py").write_text("print(1)\n")
    outcome = regraft("why", "train.py", "--python", "/nope", "--quiet")
    assert outcome.status == 2
    assert "received /nope: No such file or directory" in outcome.err
    assert "--python" in outcome.err

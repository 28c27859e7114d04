import json
import os
import subprocess
import sys
import threading

import pytest

import regraft.cli as cli
from regraft.errors import DataError


@pytest.fixture
def failing(monkeypatch):
    """Makes `regraft cache` raise what a test wants."""

    def plant(error):
        def cache():
            raise error

        monkeypatch.setattr("regraft.cli.cache.cache", cache)

    return plant


def test_no_command_shows_the_commands(regraft):
    outcome = regraft("--help")
    assert outcome.status == 0
    assert all(name in outcome.out for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(regraft, name):
    outcome = regraft(name, "--help")
    assert outcome.status == 0
    assert "Usage: regraft" in outcome.out


def test_version(regraft):
    assert regraft("--version").out == f"regraft {cli.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["fitt"], id="unknown-command"),
        pytest.param(["fit"], id="missing-argument"),
        pytest.param(["fit", "digits", "--colour"], id="unknown-flag"),
        pytest.param(["fit", "digits", "--limit", "0"], id="limit-of-zero"),
        pytest.param(["fit", "digits", "--seed", "-1"], id="negative-seed"),
        pytest.param(["fit", "digits", "--on-bad-image", "drop"], id="unknown-choice"),
    ],
)
def test_wrong_use_has_status_2(regraft, arguments):
    outcome = regraft(*arguments)
    assert outcome.status == 2
    assert "Traceback" not in outcome.err
    assert outcome.out == ""


def test_an_error_on_purpose_is_one_line_with_status_2(regraft, failing):
    failing(DataError("expected pictures;\nreceived none"))
    outcome = regraft("cache")
    assert outcome.status == 2
    assert outcome.err == "regraft: expected pictures; received none\n"


def test_a_place_without_permission_is_one_line_with_status_2(regraft, failing):
    failing(PermissionError(13, "Permission denied", "/there"))
    outcome = regraft("cache")
    assert outcome.status == 2
    assert "/there: Permission denied" in outcome.err
    assert outcome.err.count("\n") == 1


def test_json_over_a_folder_is_refused_before_the_work(regraft, tmp_path):
    outcome = regraft("fit", "digits", "--json", tmp_path)
    assert outcome.status == 2
    assert "is a directory" in outcome.err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        pytest.param(["fit", "digits"], "--json", id="json"),
        pytest.param(["search", "digits"], "--png", id="png"),
        pytest.param(["why", "train.py"], "--html", id="html"),
        pytest.param(["why", "train.py"], "--fix", id="fix"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    regraft, tmp_path, monkeypatch, command, option
):
    for name in ("fit", "search", "why"):
        monkeypatch.setattr(f"regraft.pipeline.{name}", None)  # nothing may be done
    (tmp_path / "train.py").write_text("print(1)")
    outcome = regraft(*command, option, tmp_path / "train.py" / "out")
    assert outcome.status == 2
    assert "a file. Name another" in outcome.err
    assert option in outcome.err


def test_json_may_go_to_a_pipe_or_a_new_folder(regraft, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_text()))
    reader.start()
    assert regraft("explain", "GEO001", "--json", "pipe").status == 0
    reader.join(timeout=10)
    assert json.loads(received[0])["rules"][0]["id"] == "GEO001"
    assert regraft("explain", "GEO001", "--json", "new/rule.json").status == 0
    assert (tmp_path / "new" / "rule.json").is_file()


def test_help_names_the_exit_statuses_and_the_variables(regraft):
    shown = regraft("--help").out
    for status in (*range(5), 130):
        assert f"\n    {status} " in shown
    for variable in ("REGRAFT_CACHE", "REGRAFT_WEIGHTS", "REGRAFT_DEBUG"):
        assert variable in shown


def test_an_unexpected_error_has_status_4_and_says_where_to_go(regraft, failing):
    failing(ZeroDivisionError("oops"))
    outcome = regraft("cache")
    assert outcome.status == 4
    assert "internal error: ZeroDivisionError: oops" in outcome.err
    assert "REGRAFT_DEBUG=1" in outcome.err
    assert "Traceback" not in outcome.err


def test_the_traceback_of_an_unexpected_error_on_request(regraft, failing, monkeypatch):
    monkeypatch.setenv("REGRAFT_DEBUG", "1")
    failing(ZeroDivisionError("oops"))
    assert "Traceback" in regraft("cache").err


def test_ctrl_c_is_not_an_error_of_regraft(regraft, failing):
    failing(KeyboardInterrupt())
    outcome = regraft("cache")
    assert outcome.status == 130
    assert outcome.err == "regraft: stopped\n"


def test_runs_as_a_module():
    answer = subprocess.run(
        [sys.executable, "-m", "regraft", "--version"], capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith("regraft ")


def test_a_reader_that_goes_away_is_no_error():
    shell = f"set -o pipefail; {sys.executable} -m regraft backbones | head -1"
    answer = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert "Traceback" not in answer.stderr
    assert "internal error" not in answer.stderr

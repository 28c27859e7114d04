import json

import pytest

from regraft.errors import ArtefactError
from regraft.pipeline.running import CHECKPOINT, RUN, Run

FACTS = {"request": {"size": "auto"}, "command": "regraft fit x"}


@pytest.fixture
def run(tmp_path):
    begun = Run.begin(tmp_path / "run", name="x", facts=FACTS)
    with begun.held():
        yield begun


def test_what_is_decided_stands_beside_what_was_asked(run):
    run.with_facts(plan={"size": 64})
    run.lock.release()
    with (again := Run.resume(run.folder)).held():
        assert again.facts["request"] == {"size": "auto"}
        assert again.facts["plan"] == {"size": 64}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("{", id="no-json"),
        pytest.param("[" * 100_000, id="nested"),
        pytest.param("[1]", id="no-object"),
        pytest.param(json.dumps({**FACTS, "schema": 2}), id="schema"),
        pytest.param(json.dumps(FACTS), id="no-schema"),
        pytest.param(json.dumps({"schema": 1, "command": "x"}), id="no-request"),
        pytest.param(json.dumps({"schema": 1, "request": {}}), id="no-command"),
        pytest.param(json.dumps({**FACTS, "schema": 1, "plan": 3}), id="plan"),
    ],
)
def test_a_damaged_record_is_named_and_holds_nobody_up(run, content):
    run.lock.release()
    (run.folder / CHECKPOINT / RUN).write_text(content)
    for _ in range(2):  # the second time: the lock was given back
        with pytest.raises(ArtefactError, match=r"run\.json as it was written"):
            Run.resume(run.folder)

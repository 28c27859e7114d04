from dataclasses import replace

import pytest

from regraft.diagnose.replays import Replay
from regraft.diagnose.rule import Repair, found, rule
from regraft.diagnose.runner import Result
from regraft.diagnose.thawing import fewer_rows


def run(*, rows=600, fit=None, status="done"):
    fit = {"number": 0, "epochs": 4, "seconds": 10.0, "cut": True,
           "rows": {"train": rows, "validation": 300}} | (fit or {})  # fmt: skip
    return Replay(status=status, seconds=12.0, peak_bytes=0, record={"fits": [fit]}, arrays={},
                  output="")  # fmt: skip


class Looking:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def run(self, repairs, **how):
        self.asked.append(([r.kind for r in repairs], how))
        return self.answer


def suspect(kind):
    @rule("AAA001", "aaa", source="test")
    def check(ledger):
        raise NotImplementedError

    return Result(rule=check, finding=found("x", fix="y", repairs=(Repair(kind=kind),)))


def rows(before, after, *, kind="recompile", left=90.0):
    looking = Looking(after)
    result = fewer_rows(looking, before, [suspect("drop-call"), suspect(kind)], left=left, sizes={})
    return result, looking.asked


def test_a_run_that_trains_what_was_frozen_tells_how_many_rows_there_is_time_for():
    result, asked = rows(run(), run(rows=150))
    assert result == {"0": {"train": 150, "validation": 300}}
    [(kinds, how)] = asked
    assert kinds == ["recompile"]
    assert how["fit_seconds"] == pytest.approx(90 / 3 - 2)


def test_rows_stay_where_they_fit():
    assert rows(run(), run(rows=600))[0] is None


@pytest.mark.parametrize(
    ("before", "how"),
    [
        (run(), {"kind": "freeze-backbone"}),
        (run(fit={"cut": False}), {}),
        (run(fit={"seconds": 1.0}), {}),
        (run(), {"left": 600.0}),
        (run(), {"left": 5.0}),
    ],
)
def test_nothing_is_looked_at_where_no_repair_is_dearer(before, how):
    result, asked = rows(before, run(rows=150), **how)
    assert result is None
    assert not asked


@pytest.mark.parametrize("after", [run(rows=150, status="out of time"),
                                   replace(run(), record={"fits": []})])  # fmt: skip
def test_a_look_that_came_to_nothing_changes_nothing(after):
    assert rows(run(), after)[0] is None

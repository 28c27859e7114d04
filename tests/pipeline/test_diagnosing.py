"""The reference beside a diagnosis: a number that may be missing, and then says why."""

import numpy as np
import pytest

from regraft.diagnose.diagnosis import Diagnosis, Material
from regraft.errors import WeightsUnavailableError
from regraft.pipeline import diagnosing

DIAGNOSIS = Diagnosis(
    script="train.py", observed=0.5, claimed=None, chance=0.1, n_validation=200, source_call="fit",
    source_site=None, repaired_script=0.9, regraft_fit=None, notes=("a note",), seconds=9.0,
)  # fmt: skip
ONE_CLASS = Material(
    train=np.zeros((40, 8, 8, 1), np.uint8), train_labels=np.zeros(40, np.int64),
    validation=np.zeros((20, 8, 8, 1), np.uint8), validation_labels=np.zeros(20, np.int64),
    backbone=None, input_size=8,
)  # fmt: skip


@pytest.mark.parametrize(
    ("error", "note"),
    [
        pytest.param(
            WeightsUnavailableError("expected weights; received none"),
            "no reference classifier was fitted: expected weights; received none",
            id="no weights",
        ),
        pytest.param(
            KeyError("x"),
            "a part of regraft broke and was left out; please report it: "
            "a reference classifier: KeyError: 'x'",
            id="a fault of ours",
        ),
    ],
)
def test_a_reference_that_fails_costs_its_number_only(monkeypatch, error, note):
    def fails(_):
        raise error

    monkeypatch.setattr(diagnosing, "_reference", fails)
    diagnosis = diagnosing._with_reference(DIAGNOSIS, ONE_CLASS)
    assert diagnosis.regraft_fit is None
    assert diagnosis.notes == ("a note", note)
    assert diagnosis.repaired_script == 0.9
    assert diagnosis.seconds > 9


def test_of_one_class_there_is_no_reference():
    diagnosis = diagnosing._with_reference(DIAGNOSIS, ONE_CLASS)
    assert diagnosis.regraft_fit is None
    assert "no reference classifier was fitted: expected" in diagnosis.notes[-1]


def test_the_number_stands_alone_where_there_is_one(monkeypatch):
    monkeypatch.setattr(diagnosing, "_reference", lambda _: 0.95)
    diagnosis = diagnosing._with_reference(DIAGNOSIS, ONE_CLASS)
    assert (diagnosis.regraft_fit, diagnosis.notes) == (0.95, ("a note",))

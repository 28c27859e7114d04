"""The ways that `why` is compared with, in `benchmarks/baselines.py`, try all that can be tried."""

import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

from regraft.diagnose import repairs
from regraft.diagnose.evidence import Call, Evidence, Ledger, Site
from regraft.diagnose.rule import Repair

# these undo what has to be measured first: which rows, which layout, which words
NEED_TO_KNOW = {
    "drop-rows", "one-spelling", "read-layout", "transform-only", "keep-order",
    "recompile-when-changed",
}  # fmt: skip


@pytest.fixture(scope="module")
def baselines() -> ModuleType:
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("baselines")
    finally:
        sys.path.remove(folder)


def test_every_kind_of_repair_is_tried_or_needs_to_know(baselines: ModuleType) -> None:
    made = {
        name.replace("_", "-")
        for name, function in inspect.getmembers(repairs, inspect.isfunction)
        if inspect.signature(function).return_annotation is Repair
    }
    assert set(baselines.FAMILIES) == made - NEED_TO_KNOW


def test_what_is_tried_counts_for_a_family(baselines: ModuleType) -> None:
    site = Site(file="train.py", line=3)
    calls = ("numpy.resize", "preprocess_input", "numpy.reshape", "tf.data.shuffle", "operator",
             "os.listdir", "load_weights", "tf.image.central_crop", "flow")  # fmt: skip
    ledger = Ledger(calls=tuple(Call(what=what, site=site) for what in calls))

    kinds = {repair.kind for repair in baselines.every_repair(Evidence(ledger=ledger))}

    assert kinds <= set(baselines.FAMILIES)
    assert {"true-resize", "true-transpose", "drop-call", "float-arithmetic"} <= kinds


def test_counts_only_what_all_were_asked_about(baselines: ModuleType) -> None:
    def key(case: str, variant: str) -> dict[str, str]:
        return {"case": case, "variant": variant, "digest": "d"}

    asked = [
        {**key("a", "faulty"), "outcome": "hit"},
        {**key("b", "healthy"), "outcome": "clear"},
        {**key("never", "faulty"), "outcome": "hit"},
    ]
    answers = [
        {**key("a", "faulty"), **{way: {"outcome": "miss"} for way in baselines.WAYS}},
        {**key("b", "healthy"), **{way: {"outcome": "false alarm"} for way in baselines.WAYS}},
    ]

    said = baselines.table(asked, answers)

    assert "| why | 1 of 1 | 0 of 1 |" in said
    assert "| random | 0 of 1 | 1 of 1 |" in said

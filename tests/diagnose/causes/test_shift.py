from dataclasses import replace

import pytest
from builders import accuracy, ask, call, fresh_pixels, ledger, shift, stats, verdict

from regraft.diagnose.causes.shift import validation_from_another_source

FALLEN = accuracy(train=0.98, validation=0.6)
BRIGHTER = {"separability": 0.97, "told_by": "brightness", "by_one": 0.99}


def test_shf001_found():
    finding = ask(validation_from_another_source, shift=shift(**BRIGHTER), accuracy=FALLEN)
    assert finding.repairs[0].kind == "resplit"
    assert "brightness" in finding.because


@pytest.mark.parametrize("apart", [False, True])
def test_shf001_splits_again_what_the_number_is_about(apart):
    """`fit` may validate on a part of its own, and a test set of another source be scored."""
    facts = {"shift": shift(**BRIGHTER | {"is_of_scored": apart}), "accuracy": FALLEN}
    (repair,) = ask(validation_from_another_source, **facts).repairs
    assert repair.parameters == ({"scored": True} if apart else {})


def test_shf001_found_where_nothing_is_left_though_no_property_tells_the_parts_apart():
    other = shift(**BRIGHTER | {"by_one": 0.73})
    collapsed = accuracy(train=1.0, validation=0.2)
    finding = ask(validation_from_another_source, shift=other, accuracy=collapsed)
    assert finding.repairs[0].kind == "resplit"


@pytest.mark.parametrize(
    ("separability", "measured"),
    [
        (0.55, FALLEN),
        (0.97, accuracy()),
        (0.97, accuracy(validation=0.3, by_transform={"zoom-2": 0.9})),
    ],
    ids=["one-source", "told-apart-and-yet-as-good", "skw002-explains-it"],
)
def test_shf001_clear(separability, measured):
    facts = {"shift": shift(separability=separability), "accuracy": measured}
    assert verdict(validation_from_another_source, **facts) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"shift": shift(separability=0.97, n=40)}, id="few-rows"),
        pytest.param({"shift": shift(separability=0.8)}, id="some-shift"),
        pytest.param(
            {
                "shift": shift(separability=1.0),
                "pixels": fresh_pixels(stats(0, 1, "unit"), stats()),
            },
            id="skw001-explains-it",
        ),
        pytest.param({"shift": shift(**BRIGHTER | {"by_one": 0.83})}, id="other-subjects"),
        pytest.param({"shift": shift(**BRIGHTER, twins=0.4)}, id="frames-of-other-scenes"),
        pytest.param(
            {
                "shift": shift(**BRIGHTER),
                "ledger": ledger(call("group-split", 7, splitter="GroupShuffleSplit")),
            },
            id="split-by-group",
        ),
    ],
)
def test_shf001_unknown(facts):
    assert verdict(validation_from_another_source, accuracy=FALLEN, **facts) == "unknown"


@pytest.mark.parametrize(
    ("elsewhere", "expected"), [(FALLEN.train - 0.02, "unknown"), (0.5, "found")]
)
def test_shf001_a_last_look_at_another_source_is_no_fault(elsewhere, expected):
    known = replace(FALLEN, elsewhere=elsewhere)
    given = {"shift": shift(**BRIGHTER), "accuracy": known}
    assert verdict(validation_from_another_source, **given) == expected

import pytest
from builders import accuracy, ask, call, labels, ledger, overlap, training, verdict

from regraft.diagnose.causes.leakage import (
    folds_share_their_weights,
    identical_pictures_across_split,
    near_identical_pictures_across_split,
    split_reshuffled_each_pass,
)

LEAK = {"exact": 0.4, "near": 0.4, "honest": 0.8, "n_honest": 240}
NEAR = {"exact": 0.0, "near": 0.5, "honest": 0.75, "n_honest": 200}


def test_lek001_found():
    finding = ask(identical_pictures_across_split, overlap=overlap(**LEAK))
    assert (finding.claimed, finding.honest) == (0.93, 0.8)
    assert "40% of the validation pictures" in finding.because


@pytest.mark.parametrize(
    "facts",
    [{}, {**LEAK, "honest": 0.92}, {**LEAK, "exact": 0.01}, NEAR],
    ids=["none", "costs-nothing", "a-few", "near-only"],
)
def test_lek001_clear(facts):
    assert verdict(identical_pictures_across_split, overlap=overlap(**facts)) == "clear"


@pytest.mark.parametrize(
    "facts", [{"honest": None, "n_honest": 0}, {"n_honest": 20}], ids=["all-leaked", "few-left"]
)
def test_lek001_unknown(facts):
    given = overlap(**(LEAK | facts))
    assert verdict(identical_pictures_across_split, overlap=given) == "unknown"


def test_lek002_found():
    assert verdict(near_identical_pictures_across_split, overlap=overlap(**NEAR)) == "found"


def test_where_all_leaked_some_are_asked_after_a_training_without_their_twins():
    all_leaked = NEAR | {"near": 1.0, "honest": None, "n_honest": 0, "leaking_share": 1.0}
    apart = {"asked_rows": tuple(range(60)), "dropped_rows": tuple(range(120))}
    finding = ask(near_identical_pictures_across_split, overlap=overlap(**all_leaked, **apart))
    assert finding.repairs[0].parameters == {"rows": list(range(120))}
    assert finding.asked == apart["asked_rows"]
    few = {"asked_rows": tuple(range(20)), "dropped_rows": tuple(range(40))}
    given = overlap(**all_leaked, **few)
    assert verdict(near_identical_pictures_across_split, overlap=given) == "unknown"


def test_where_most_have_a_twin_the_others_are_not_taken_for_clean():
    most = NEAR | {"near": 0.8, "honest": 0.93, "n_honest": 80}
    apart = {"asked_rows": tuple(range(60)), "dropped_rows": tuple(range(120))}
    finding = ask(near_identical_pictures_across_split, overlap=overlap(**most, **apart))
    assert finding.asked == apart["asked_rows"]
    fewer = overlap(**(most | apart | {"near": 0.4}))
    assert verdict(near_identical_pictures_across_split, overlap=fewer) == "clear"


@pytest.mark.parametrize(
    "facts",
    [{}, {**NEAR, "honest": 0.9}, LEAK],
    ids=["none", "relatives-are-easier-anyway", "exact-only"],
)
def test_lek002_clear(facts):
    assert verdict(near_identical_pictures_across_split, overlap=overlap(**facts)) == "clear"


def test_lek002_unknown():
    given = overlap(**(NEAR | {"n_honest": 10}))
    assert verdict(near_identical_pictures_across_split, overlap=given) == "unknown"


CHANGES = overlap(changes_between_passes=True, exact=0.7, honest=None, n_honest=0)
SHUFFLE = call("tf.data.shuffle", 5, arg=1000)
TAKE = call("tf.data.take", 6, arg=100)


def test_lek003_found():
    calls = ledger(SHUFFLE, TAKE)
    finding = ask(split_reshuffled_each_pass, overlap=CHANGES, ledger=calls)
    assert finding.repairs[0].parameters["arguments"] == {"reshuffle_each_iteration": False}
    assert finding.claimed == accuracy().validation


@pytest.mark.parametrize(
    "read",
    [overlap(), overlap(changes_between_passes=True)],
    ids=["the-same-each-time", "drawn-anew-from-a-test-set"],
)
def test_lek003_clear(read):
    given = {"overlap": read, "ledger": ledger(SHUFFLE, TAKE)}
    assert verdict(split_reshuffled_each_pass, **given) == "clear"


@pytest.mark.parametrize(
    "calls",
    [
        (),
        (TAKE, SHUFFLE),
        (call("tf.data.shuffle", 5, reshuffle_each_iteration=False), TAKE),
    ],
    ids=["no-call", "split-first", "fixed-order"],
)
def test_lek003_unknown(calls):
    given = {"overlap": CHANGES, "ledger": ledger(*calls)}
    assert verdict(split_reshuffled_each_pass, **given) == "unknown"


FOLDS = {"earlier": 0.8, "starts_at": 0.97, "first_honest": 0.8, "n_first": 200}


def carried(**changes):
    return {"overlap": overlap(**{**FOLDS, **changes}), "training": training()}


def test_lek004_found():
    finding = ask(folds_share_their_weights, **carried())
    assert (finding.claimed, finding.honest) == (0.93, 0.8)
    assert "trained on 80% of the validation pictures" in finding.because


@pytest.mark.parametrize(
    "facts",
    [{"earlier": 0.0}, {"starts_at": 0.14}, {"first_honest": 0.91}],
    ids=["unseen", "a-fresh-model", "costs-nothing"],
)
def test_lek004_clear(facts):
    assert verdict(folds_share_their_weights, **carried(**facts)) == "clear"


@pytest.mark.parametrize(
    "facts",
    [{"starts_at": float("nan")}, {"first_honest": None}, {"n_first": 20}],
    ids=["start-not-measured", "no-clean-fold", "small-folds"],
)
def test_lek004_unknown(facts):
    assert verdict(folds_share_their_weights, **carried(**facts)) == "unknown"


def test_lek002_unknown_where_the_parts_hold_other_classes():
    facts = {"overlap": overlap(**NEAR), "labels": labels(total_variation=0.9)}
    assert verdict(near_identical_pictures_across_split, **facts) == "unknown"

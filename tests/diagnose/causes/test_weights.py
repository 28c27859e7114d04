import pytest
from builders import accuracy, ask, backbone, call, ledger, training, verdict

from regraft.diagnose.causes.weights import (
    another_model_scored,
    backbone_without_weights,
    weights_matched_nothing,
)

RANDOM = {"weights": "none", "looks_random": True}
NOTHING = ledger(call("load_weights", 9, matched=2, total=300, by_name=True))


@pytest.mark.parametrize(
    "net",
    [
        pytest.param(backbone(**RANDOM), id="random-and-frozen"),
        pytest.param(backbone(n_trainable_layers=10, **RANDOM), id="random-and-mostly-frozen"),
        pytest.param(backbone(looks_random=True, n_trainable_layers=80), id="cloned"),
    ],
)
def test_wgt001_found(net):
    assert verdict(backbone_without_weights, backbone=net) == "found"


@pytest.mark.parametrize(
    ("net", "calls"),
    [
        pytest.param(backbone(), ledger(), id="imagenet"),
        pytest.param(backbone(n_trainable_layers=80, **RANDOM), ledger(), id="from-scratch"),
        pytest.param(backbone(weights="none"), ledger(), id="loaded-afterwards"),
        pytest.param(backbone(**RANDOM), NOTHING, id="wgt002-is-about-it"),
    ],
)
def test_wgt001_clear(net, calls):
    assert verdict(backbone_without_weights, backbone=net, ledger=calls) == "clear"


def test_wgt001_what_was_trained_before_it_was_frozen_is_not_random():
    net, trained = backbone(**RANDOM), training(frozen_was_trained=True)
    assert verdict(backbone_without_weights, backbone=net, training=trained) == "clear"


def test_wgt001_unknown():
    unread = backbone(weights="file", looks_random=None)
    assert verdict(backbone_without_weights, backbone=unread) == "unknown"
    by_hand = ledger(call("custom-training-loop"))
    assert verdict(backbone_without_weights, backbone=backbone(**RANDOM), ledger=by_hand) == (
        "unknown"
    )


def test_wgt002_found():
    finding = ask(weights_matched_nothing, backbone=backbone(**RANDOM), ledger=NOTHING)
    assert "line 9 changed 2 of 300 tensors" in finding.because


@pytest.mark.parametrize(
    ("net", "calls"),
    [
        pytest.param(backbone(), ledger(), id="none-loaded"),
        pytest.param(backbone(), NOTHING, id="were-there-already"),
        pytest.param(
            backbone(**RANDOM), ledger(call("load_weights", 9, matched=298, total=300)), id="loaded"
        ),
    ],
)
def test_wgt002_clear(net, calls):
    assert verdict(weights_matched_nothing, backbone=net, ledger=calls) == "clear"


BY_HAND = {"matched": 6, "total": 26, "by_name": True, "looks_random": True}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param({}, "found", id="names-that-hardly-match"),
        pytest.param({"looks_random": False}, "clear", id="were-there-already"),
        pytest.param({"looks_random": None}, "unknown", id="too-small-to-tell"),
        pytest.param({"by_name": False}, "unknown", id="of-another-network"),
    ],
)
def test_wgt002_of_a_network_written_by_hand(details, expected):
    calls = ledger(call("load_weights", 9, **(BY_HAND | details)))
    finding = ask(weights_matched_nothing, backbone=None, ledger=calls)
    assert str(finding.verdict) == expected
    assert [repair.kind for repair in finding.repairs] == ["load-in-order"] * (not details)


def test_wgt002_unknown():
    unread = backbone(weights="none", looks_random=None)
    assert verdict(weights_matched_nothing, backbone=unread, ledger=NOTHING) == "unknown"


FRESH = accuracy(validation=0.11, trained_one_reached=0.93)


def test_wgt003_found():
    finding = ask(another_model_scored, accuracy=FRESH, ledger=ledger(call("evaluate", 30)))
    assert (finding.claimed, finding.honest) == (0.11, 0.93)
    assert [site.line for site in finding.where] == [30]


@pytest.mark.parametrize(
    "measured",
    [accuracy(), accuracy(validation=0.9, trained_one_reached=0.93)],
    ids=["the-trained-one", "as-good"],
)
def test_wgt003_clear(measured):
    assert verdict(another_model_scored, accuracy=measured) == "clear"


def test_wgt003_unknown_where_averaged_weights_had_too_few_steps():
    short = training(sampled=True, planned_updates=5000, may_change_weights_at_end=True)
    assert verdict(another_model_scored, accuracy=FRESH, training=short) == "unknown"


RELOADED = call("load_weights", 28, matched=6, total=6)
KEPT = training(callbacks=({"class": "ModelCheckpoint"},))


def test_wgt003_found_where_weights_of_before_were_read():
    assert verdict(another_model_scored, accuracy=FRESH, ledger=ledger(RELOADED)) == "found"


@pytest.mark.parametrize(
    ("what", "trained"),
    [
        pytest.param(call("load_model", 28), training(), id="read-from-a-file"),
        pytest.param(RELOADED, KEPT, id="an-earlier-epoch"),
        pytest.param(call("custom-training-loop", 28), training(), id="loop-of-their-own"),
    ],
)
def test_wgt003_unknown(what, trained):
    facts = {"accuracy": FRESH, "ledger": ledger(what), "training": trained}
    assert verdict(another_model_scored, **facts) == "unknown"

import math

import pytest
from builders import accuracy, ask, backbone, call, ledger, site, training, verdict

from regraft.diagnose.causes.freezing import (
    fresh_head_shakes_backbone,
    head_frozen,
    loop_freezes_nothing,
    mistyped_trainable,
    trainable_changed_after_compile,
)


def test_frz001_found():
    changed = training(
        trainable_changed_after_compile=True,
        trainable_changed_site=site(17),
        unchanged_trainable=26,
    )
    finding = ask(trainable_changed_after_compile, training=changed)
    assert finding.repairs[0].kind == "recompile"
    assert "line 17" in finding.because


def test_frz001_found_where_a_callback_unfreezes():
    finding = ask(trainable_changed_after_compile, training=training(trainable_changed_in_epoch=2))
    assert finding.repairs[0].kind == "recompile-when-changed"
    assert "epoch 3" in finding.because


def test_frz001_clear():
    assert verdict(trainable_changed_after_compile) == "clear"


def test_frz001_unknown():
    loop = ledger(call("custom-training-loop", 30))
    assert verdict(trainable_changed_after_compile, ledger=loop) == "unknown"


@pytest.mark.parametrize(
    ("trainable", "net"),
    [
        pytest.param(0, backbone(), id="model-trainable-false"),
        pytest.param(0, None, id="no-backbone"),
        pytest.param(1290, backbone(), id="half-of-the-head"),
    ],
)
def test_frz002_found(trainable, net):
    facts = {"training": training(trainable_parameters=trainable), "backbone": net}
    assert verdict(head_frozen, accuracy=accuracy(train=0.3), **facts) == "found"


@pytest.mark.parametrize(
    ("trainable", "net", "train"),
    [
        pytest.param(12810, backbone(), 0.3, id="head-trained"),
        pytest.param(2_000_000, backbone(n_trainable_layers=80), 0.3, id="all-trained"),
        pytest.param(1290, backbone(), 0.98, id="learns-all-the-same"),
    ],
)
def test_frz002_clear(trainable, net, train):
    facts = {"training": training(trainable_parameters=trainable), "backbone": net}
    assert verdict(head_frozen, accuracy=accuracy(train=train), **facts) == "clear"


@pytest.mark.parametrize(
    ("is_head_trained", "kind"), [(False, "make-head-trainable"), (True, "thaw-top")]
)
def test_frz002_a_second_training_is_given_something_to_train(is_head_trained, kind):
    facts = {"training": training(trainable_parameters=0, is_head_trained=is_head_trained),
             "backbone": backbone()}  # fmt: skip
    finding = ask(head_frozen, accuracy=accuracy(train=0.8), **facts)
    assert [repair.kind for repair in finding.repairs] == [kind]


def test_frz002_an_encoder_trained_before_is_nothing_fresh():
    facts = {"accuracy": accuracy(train=0.3), "backbone": None}
    trained = training(trainable_parameters=1290, frozen_was_trained=True)
    assert verdict(head_frozen, training=trained, **facts) == "clear"
    fresh = training(trainable_parameters=1290)
    assert verdict(head_frozen, training=fresh, **facts) == "found"


@pytest.mark.parametrize("elsewhere", ["load_model", "set_weights", "custom-training-loop"])
def test_frz002_unknown(elsewhere):
    assert verdict(head_frozen, training=training(head_parameters=0)) == "unknown"
    facts = {"training": training(trainable_parameters=1290), "backbone": None}
    calls = ledger(call(elsewhere))
    assert verdict(head_frozen, accuracy=accuracy(train=0.3), ledger=calls, **facts) == "unknown"


def mistyped(**details):
    facts = {"name": "trainble", "nearest": "trainable", "value": False} | details
    return training(mistyped_attributes=(call("attribute", 11, **facts),))


UNFROZEN = backbone(n_trainable_layers=80, weight_change=0.4)


def test_frz003_found():
    finding = ask(mistyped_trainable, training=mistyped(), backbone=UNFROZEN)
    assert finding.repairs[0].kind == "freeze-backbone"
    assert "'trainble' was set at line 11" in finding.because


@pytest.mark.parametrize(
    "facts",
    [{"backbone": UNFROZEN}, {"training": mistyped()}],
    ids=["spelt-right", "frozen-all-the-same"],
)
def test_frz003_clear(facts):
    assert verdict(mistyped_trainable, **facts) == "clear"


@pytest.mark.parametrize(
    "details", [{"nearest": "name"}, {"value": True}], ids=["other-attribute", "meant-to-unfreeze"]
)
def test_frz003_unknown(details):
    facts = {"training": mistyped(**details), "backbone": UNFROZEN}
    assert verdict(mistyped_trainable, **facts) == "unknown"


def test_frz004_found():
    finding = ask(fresh_head_shakes_backbone, backbone=UNFROZEN, training=training())
    assert "80 of 80 layers" in finding.because


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="frozen"),
        pytest.param(
            {"backbone": backbone(n_trainable_layers=8, weight_change=0.02)}, id="hardly-moved"
        ),
        pytest.param(
            {"backbone": UNFROZEN, "training": training(is_head_trained=True)},
            id="head-trained-first",
        ),
        pytest.param(
            {"backbone": backbone(n_trainable_layers=80, weights="none", weight_change=2.0)},
            id="from-scratch",
        ),
    ],
)
def test_frz004_clear(facts):
    assert verdict(fresh_head_shakes_backbone, **facts) == "clear"


@pytest.mark.parametrize(("rate", "expected"), [(1e-3, "found"), (1e-5, "clear")])
def test_frz004_asks_for_less_where_the_rate_is_that_of_a_fresh_head(rate, expected):
    shaken = backbone(n_trainable_layers=80, weight_change=0.06)
    facts = {"training": training(learning_rate=rate), "backbone": shaken}
    assert verdict(fresh_head_shakes_backbone, **facts) == expected


@pytest.mark.parametrize("change", [0.04, 0.1])
@pytest.mark.parametrize(("planned", "counts_alone"), [(1_000, True), (9_375, False)])
def test_frz004_of_a_long_training_is_a_forecast_at_any_rate(change, planned, counts_alone):
    facts = training(sampled=True, n_train=60_000, n_train_used=128, planned_updates=planned)
    shaken = backbone(n_trainable_layers=80, weight_change=change)
    finding = ask(fresh_head_shakes_backbone, training=facts, backbone=shaken)
    assert finding.evidence["is_forecast"] == (not counts_alone)


def test_frz004_unknown():
    unseen = backbone(n_trainable_layers=80, weight_change=math.nan)
    assert verdict(fresh_head_shakes_backbone, backbone=unseen) == "unknown"


@pytest.mark.parametrize(
    ("sampled", "expected"),
    [pytest.param(True, "found", id="sample"), pytest.param(False, "clear", id="all-rows")],
)
def test_frz004_of_a_sample_carries_the_change_on_to_the_planned_updates(sampled, expected):
    facts = training(
        sampled=sampled, n_train=60_000, n_train_used=128, batch_size=32, epochs=5,
        planned_updates=9_375, learning_rate=1e-4,
    )  # fmt: skip
    shaken = backbone(n_trainable_layers=80, weight_change=0.03)
    finding = ask(fresh_head_shakes_backbone, training=facts, backbone=shaken)
    assert str(finding.verdict) == expected
    if sampled:
        assert finding.evidence["is_forecast"] == 1


LOOP = call("freeze-loop", 39)
ALL = backbone(n_trainable_layers=13, n_layers=13, weight_change=0.4)


def test_frz005_found():
    finding = ask(loop_freezes_nothing, backbone=ALL, ledger=ledger(LOOP))
    assert finding.repairs[0].kind == "freeze-backbone"
    assert finding.where[0].line == 39


@pytest.mark.parametrize(
    ("net", "calls"),
    [
        pytest.param(ALL, [], id="no-loop"),
        pytest.param(ALL, [LOOP, call("trainable", 40, value=False)], id="frozen-and-thawed"),
        pytest.param(backbone(n_trainable_layers=0), [LOOP], id="frozen-otherwise"),
        pytest.param(backbone(n_trainable_layers=4, n_layers=13), [LOOP], id="in-part"),
    ],
)
def test_frz005_clear(net, calls):
    assert verdict(loop_freezes_nothing, backbone=net, ledger=ledger(*calls)) == "clear"


def test_frz005_unknown():
    unmeasured = backbone(n_trainable_layers=13, n_layers=13, weight_change=math.nan)
    assert verdict(loop_freezes_nothing, backbone=unmeasured, ledger=ledger(LOOP)) == "unknown"

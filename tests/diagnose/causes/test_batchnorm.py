import pytest
from builders import accuracy, ask, backbone, ledger, site, training, verdict

from regraft.diagnose.causes.batchnorm import (
    backbone_forced_into_training_mode,
    batchnorm_of_each_batch,
    batchnorm_statistics_overwritten,
    moving_statistics_not_converged,
)
from regraft.diagnose.evidence import Call

TRAINING_MODE = ledger(Call(what="batchnorm-in-training-mode", site=site(24), details={}))
MOVED = {"n_batchnorm_trainable": 49, "n_trainable_layers": 80, "statistics_change": 0.6}
HARDLY_MOVED = MOVED | {"statistics_change": 0.05}
SMALL_GAP = accuracy(train=0.87, train_in_training_mode=0.95)
GAP = accuracy(train=0.5, train_in_training_mode=0.95)
NO_MODE = accuracy(train_in_training_mode=None)


def test_bns001_found():
    finding = ask(batchnorm_statistics_overwritten, backbone=backbone(**MOVED), accuracy=GAP)
    assert finding.repairs[0].kind == "freeze-batchnorm"


def test_bns001_found_where_the_head_learnt_without_the_old_statistics():
    facts = {"backbone": backbone(**HARDLY_MOVED), "accuracy": GAP}
    assert verdict(batchnorm_statistics_overwritten, **facts) == "found"
    facts = {"backbone": backbone(**MOVED), "accuracy": SMALL_GAP}
    assert verdict(batchnorm_statistics_overwritten, **facts) == "found"


@pytest.mark.parametrize(
    ("version", "is_said"), [("3.0.0", True), ("3.15.1", True), ("3.16.0", False), ("3.16", False)]
)
def test_bns001_says_where_training_false_is_not_honoured(version, is_said):
    facts = {"backbone": backbone(**MOVED), "accuracy": GAP, "keras_version": version}
    finding = ask(batchnorm_statistics_overwritten, **facts)
    assert ("is not honoured" in finding.because) is is_said


@pytest.mark.parametrize(
    ("net", "measured"),
    [
        pytest.param(backbone(), GAP, id="frozen"),
        pytest.param(backbone("vgg16", "caffe", n_batchnorm=0), GAP, id="vgg16-has-none"),
        pytest.param(backbone(**MOVED), accuracy(), id="moved-without-harm"),
        pytest.param(backbone(**HARDLY_MOVED), SMALL_GAP, id="hardly-moved"),
        pytest.param(backbone(weights="none", **MOVED), GAP, id="from-scratch"),
    ],
)
def test_bns001_clear(net, measured):
    assert verdict(batchnorm_statistics_overwritten, backbone=net, accuracy=measured) == "clear"


def test_bns001_unknown():
    facts = {"backbone": backbone(**MOVED), "accuracy": NO_MODE}
    assert verdict(batchnorm_statistics_overwritten, **facts) == "unknown"


FRESH = {"fresh_batchnorm": 3, "planned_updates": 100}


def test_bns002_found():
    finding = ask(moving_statistics_not_converged, training=training(**FRESH), accuracy=GAP)
    assert finding.repairs[0].parameters == {"value": 0.9}
    assert "37% of their initial statistics" in finding.because


def test_bns002_found_where_the_averages_keep_the_last_batch_only():
    torch_like = training(fresh_batchnorm=2, planned_updates=700, fresh_momentum=0.1)
    measured = accuracy(train=0.9, train_in_training_mode=0.97)
    (repair,) = ask(moving_statistics_not_converged, training=torch_like, accuracy=measured).repairs
    assert repair.parameters == {"value": 0.9}


@pytest.mark.parametrize(("planned", "answer"), [(175, "unknown"), (40, "found")])
def test_bns002_in_a_sampled_run(planned, answer):
    short = training(fresh_batchnorm=1, planned_updates=planned, sampled=True, n_train_used=180)
    facts = {"training": short, "accuracy": GAP}
    assert verdict(moving_statistics_not_converged, **facts) == answer


def test_bns002_found_where_the_averages_are_slower_than_usual():
    slow = training(fresh_batchnorm=3, planned_updates=2000, fresh_momentum=0.999)
    finding = ask(moving_statistics_not_converged, training=slow, accuracy=GAP)
    assert "14% of their initial statistics" in finding.because


@pytest.mark.parametrize(
    ("facts", "measured"),
    [({}, GAP), (FRESH, accuracy())],
    ids=["no-batchnorm", "modes-agree"],
)
def test_bns002_clear(facts, measured):
    given = {"training": training(**facts), "accuracy": measured}
    assert verdict(moving_statistics_not_converged, **given) == "clear"


@pytest.mark.parametrize(
    ("facts", "measured"),
    [(FRESH, NO_MODE), ({**FRESH, "planned_updates": 5000, "sampled": True}, GAP)],
    ids=["mode-not-scored", "only-the-sample-explains-it"],
)
def test_bns002_unknown(facts, measured):
    given = {"training": training(**facts), "accuracy": measured}
    assert verdict(moving_statistics_not_converged, **given) == "unknown"


FORCED = {"called_with_training": True, "n_batchnorm_trainable": 49}


def test_bns003_found():
    assert verdict(backbone_forced_into_training_mode, backbone=backbone(**FORCED)) == "found"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="training-false"),
        pytest.param({"called_with_training": None}, id="not-given"),
        pytest.param({"called_with_training": True}, id="frozen-batchnorm"),
        pytest.param({**FORCED, "n_batchnorm": 0}, id="no-batchnorm"),
    ],
)
def test_bns003_clear(facts):
    assert verdict(backbone_forced_into_training_mode, backbone=backbone(**facts)) == "clear"


def test_bns003_unknown():
    unseen = backbone(site=None, **FORCED)
    assert verdict(backbone_forced_into_training_mode, backbone=unseen) == "unknown"


def test_bns001_of_a_sample_that_stops_before_the_statistics_follow_is_unknown():
    facts = training(
        sampled=True, n_train=60_000, n_train_used=320, batch_size=32, epochs=5,
        planned_updates=9_375,
    )  # fmt: skip
    moved = backbone(n_batchnorm=52, n_batchnorm_trainable=52, statistics_change=0.5)
    seen = accuracy(train=0.2, train_in_training_mode=0.9)
    asked = {"backbone": moved, "accuracy": seen, "training": facts}
    assert verdict(batchnorm_statistics_overwritten, **asked) == "unknown"


def test_bns004_found():
    finding = ask(
        batchnorm_of_each_batch, accuracy=accuracy(changed_by_batch=0.17), ledger=TRAINING_MODE
    )
    assert finding.verdict == "found"
    assert [where.line for where in finding.where] == [24]
    assert finding.repairs[0].kind == "batchnorm-follows-mode"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"accuracy": accuracy(changed_by_batch=0.01)}, id="a-tie-or-two"),
        pytest.param(
            {
                "accuracy": accuracy(changed_by_batch=0.5),
                "backbone": backbone(called_with_training=True),
            },
            id="the-backbone-s-mode",
        ),
    ],
)
def test_bns004_clear(facts):
    assert verdict(batchnorm_of_each_batch, ledger=ledger(), **facts) == "clear"


def test_bns004_unknown():
    assert verdict(batchnorm_of_each_batch, accuracy=accuracy(), ledger=ledger()) == "unknown"

"""Runs with nothing wrong, in several shapes: no rule may accuse them."""

import pytest
from builders import (
    accuracy,
    augmentation,
    backbone,
    call,
    fresh_pixels,
    healthy,
    labels,
    ledger,
    output,
    pixels,
    shift,
    stats,
    training,
)

from regraft.diagnose.causes import RULES
from regraft.diagnose.runner import candidates, diagnose

CAFFE = stats(-123.7, 151.1, "caffe", channel_means=(-30.0, -20.0, -10.0))
VGG = backbone("vgg16", "caffe", n_batchnorm=0)
RUNS = [
    pytest.param({}, id="efficientnet-on-bytes"),
    pytest.param(
        {
            "pixels": pixels(CAFFE),
            "backbone": VGG,
            "ledger": ledger(call("preprocess_input", 5, module="vgg16"), call("fit", 15)),
        },
        id="vgg16-preprocessed",
    ),
    pytest.param(
        {"pixels": pixels(stats(-1, 1, "signed")), "backbone": backbone("mobilenet_v2", "signed")},
        id="mobilenet-preprocessed",
    ),
    pytest.param({"output": output(activation="linear", from_logits=True)}, id="logits"),
    pytest.param(
        {
            "output": output(
                units=1, activation="sigmoid", loss="binary_crossentropy", n_classes=2,
                accuracy_metric="BinaryAccuracy",
            ),
            "labels": labels(
                train_counts={"0": 500, "1": 500}, validation_counts={"0": 200, "1": 200},
                highest=1.0, batch_purity=0.57, expected_purity=0.57,
            ),
            "accuracy": accuracy(chance=0.5, majority=0.5, predicted_classes=2),
        },
        id="two-classes-one-sigmoid",
    ),
    pytest.param(
        {
            "backbone": backbone(
                n_trainable_layers=20, n_batchnorm_trainable=0, weight_change=0.02
            ),
            "training": training(learning_rate=1e-5, first_loss=0.4, last_loss=0.2,
                                 losses=(0.3, 0.25, 0.2)),
            "ledger": ledger(call("fit", 15), call("fit", 25)),
        },
        id="two-phase-fine-tune",
    ),
    pytest.param(
        {"pixels": fresh_pixels(stats(0, 1, "unit")), "backbone": None}, id="small-cnn-from-scratch"
    ),
    pytest.param(
        {
            "pixels": fresh_pixels(stats()),
            "backbone": None,
            "ledger": ledger(call("rescaling", 8), call("fit", 15)),
            "training": training(first_loss=2.3),
        },
        id="small-cnn-that-rescales",
    ),
    pytest.param(
        {
            "labels": labels(
                train_counts={"0": 900, "1": 100}, validation_counts={"0": 360, "1": 40},
                highest=1.0, batch_purity=0.9, expected_purity=0.9,
            ),
            "accuracy": accuracy(validation=0.97, balanced=0.93, majority=0.9, chance=0.5,
                                 predicted_classes=2),
        },
        id="imbalance-handled",
    ),
    pytest.param({"augmentation": augmentation(low=-10.0, high=260.0)}, id="mild-augmentation"),
    pytest.param(
        {"ledger": ledger(
            call("numpy.resize", 3, in_shape=[50], out_shape=[120], picture_like=False),
            call("ndarray.reshape", 4, in_shape=[9, 28, 28], out_shape=[9, 28, 28, 1],
                 correlation_before=0.9, correlation_after=0.9, axes_fix=None),
            call("fit", 15),
        )},
        id="index-arrays-and-channel-axes",
    ),
]  # fmt: skip


@pytest.mark.parametrize("facts", RUNS)
def test_no_rule_accuses_a_healthy_run(facts):
    results = diagnose(RULES, healthy(**facts))
    assert [(r.rule.id, r.error) for r in results if r.error] == []
    assert [(r.rule.id, r.finding.because) for r in candidates(results)] == []


def test_the_article_is_accused_of_scrambling_first():
    resize = call("numpy.resize", 10, in_shape=[60000, 28, 28, 3], out_shape=[60000, 224, 224, 3],
                  picture_like=True)  # fmt: skip
    results = diagnose(
        RULES,
        healthy(
            ledger=ledger(resize, call("fit", 22)),
            pixels=pixels(stats(channel_means=(33.0, 33.0, 33.0))),
            backbone=backbone("vgg16", "caffe", n_batchnorm=0, n_trainable_layers=13, n_layers=13,
                              weight_change=0.9),
            accuracy=accuracy(train=0.11, validation=0.1, claimed=0.1),
            training=training(losses=(2.4, 2.3), last_loss=2.3, head_parameters=250_890),
        ),
    )  # fmt: skip
    ids = [result.rule.id for result in candidates(results)]
    assert ids[0] == "GEO001"
    assert {"PRE004", "OPT001", "FRZ004"} <= set(ids)


NAN = float("nan")
UNMEASURED = {"accuracy": accuracy(train=NAN, train_in_training_mode=None, claimed=None)}
BARE = [
    pytest.param({"training": training(learning_rate=0.5, first_loss=NAN)}, id="rate"),
    pytest.param({"training": training(learning_rate=0.0)}, id="schedule-from-nothing"),
    pytest.param({"training": training(trainable_parameters=0)}, id="frozen"),
    pytest.param({"training": training(head_parameters=10**9)}, id="huge-head"),
    pytest.param({"training": training(n_train=10**6)}, id="few-updates"),
    pytest.param({"training": training(fresh_batchnorm=3)}, id="fresh-batchnorm"),
    pytest.param({"output": output(narrowest_hidden=2, largest_dropout=0.9)}, id="narrow-head"),
    pytest.param({"output": output(label_kind="one-hot", loss="mse")}, id="squared-error"),
    pytest.param({"shift": shift(separability=0.99)}, id="shift"),
    pytest.param(
        {
            "backbone": backbone(
                n_trainable_layers=9, n_batchnorm_trainable=9, statistics_change=0.9,
                weight_change=0.9,
            ),
            "training": training(is_head_trained=True),
        },
        id="unfrozen",
    ),
]  # fmt: skip


@pytest.mark.parametrize("facts", BARE)
def test_nothing_is_concluded_from_an_accuracy_that_was_not_measured(facts):
    results = diagnose(RULES, healthy(**(UNMEASURED | facts)))
    assert [(r.rule.id, r.error) for r in results if r.error] == []
    assert [(r.rule.id, r.finding.because) for r in candidates(results)] == []

from dataclasses import replace

import pytest
from builders import accuracy, ask, association, augmentation, call, ledger, training, verdict

from regraft.diagnose.causes.augmentation import (
    augmentation_changes_the_class,
    augmentation_leaves_the_range,
    labels_mixed_unlike_pictures,
    validation_augmented,
)

TURNED = augmentation(plain_accuracy=0.95, augmented_accuracy=0.6)
NONE = augmentation(train_is_random=False)
NOT_PROBED = {"plain_accuracy": None, "augmented_accuracy": None}


def test_aug001_found():
    finding = ask(augmentation_changes_the_class, augmentation=TURNED, accuracy=accuracy(train=0.7))
    assert finding.repairs[0].parameters == {"part": "train"}
    assert [site.line for site in finding.where] == [11]


@pytest.mark.parametrize("given", [augmentation(), NONE], ids=["mild", "none"])
def test_aug001_clear(given):
    facts = {"augmentation": given, "accuracy": accuracy(train=0.7)}
    assert verdict(augmentation_changes_the_class, **facts) == "clear"


def test_aug001_clear_where_the_network_learns_what_a_probe_does_not():
    facts = {"augmentation": TURNED, "accuracy": accuracy(train=0.96)}
    assert verdict(augmentation_changes_the_class, **facts) == "clear"


@pytest.mark.parametrize(
    ("used", "by_network", "answer"),
    [(200, False, "unknown"), (700, False, "found"), (200, True, "found")],
)
def test_aug001_in_a_sampled_run(used, by_network, answer):
    short = training(sampled=True, n_train_used=used)
    given = replace(TURNED, by_network=by_network)
    facts = {"augmentation": given, "accuracy": accuracy(train=0.7), "training": short}
    assert verdict(augmentation_changes_the_class, **facts) == answer


@pytest.mark.parametrize(
    "facts",
    [NOT_PROBED, {"plain_accuracy": 0.2, "augmented_accuracy": 0.1}],
    ids=["not-probed", "probe-knows-nothing"],
)
def test_aug001_unknown(facts):
    given = augmentation(**facts)
    assert verdict(augmentation_changes_the_class, augmentation=given) == "unknown"


UNIT = {"plain_low": 0.0, "plain_high": 1.0}


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 52.0), (-30.0, 30.0), (0.0, 0.004), (0.5, 1.0)],
    ids=["up", "both", "shrunk", "cut-at-one-end"],
)
def test_aug002_found(low, high):
    given = augmentation(low=low, high=high, **UNIT)
    assert verdict(augmentation_leaves_the_range, augmentation=given) == "found"


@pytest.mark.parametrize(
    "given",
    [augmentation(), augmentation(low=-0.1, high=1.2, **UNIT), NONE],
    ids=["same-range", "a-little-beyond", "none"],
)
def test_aug002_clear(given):
    assert verdict(augmentation_leaves_the_range, augmentation=given) == "clear"


@pytest.mark.parametrize(
    "facts",
    [{"low": -0.4, "high": 1.3, **UNIT}, {"plain_low": 0.0, "plain_high": 0.0}],
    ids=["strong-contrast", "constant-pictures"],
)
def test_aug002_unknown(facts):
    given = augmentation(**facts)
    assert verdict(augmentation_leaves_the_range, augmentation=given) == "unknown"


@pytest.mark.parametrize("facts", [{}, NOT_PROBED], ids=["probed", "not-probed"])
def test_aug003_found(facts):
    given = augmentation(validation_is_random=True, **facts)
    finding = ask(validation_augmented, augmentation=given)
    assert finding.repairs[0].parameters == {"part": "validation"}


def test_aug003_clear():
    assert verdict(validation_augmented) == "clear"


def test_aug003_unknown():
    harmless = augmentation(validation_is_random=True, augmented_accuracy=0.93)
    assert verdict(validation_augmented, augmentation=harmless) == "unknown"


MIXED = {
    "training": training(is_random=True),
    "association": association(accuracy=0.16),
    "accuracy": accuracy(validation=0.66),
    "ledger": ledger(
        call("tf.data.map", 30, is_pairs=True), call("tf.data.map", 40, is_pairs=False)
    ),
}


def test_aug004_found():
    finding = ask(labels_mixed_unlike_pictures, **MIXED)
    assert finding.repairs[0].parameters["line"] == 30


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"training": training()}, id="nothing-random"),
        pytest.param({"association": association(accuracy=0.6)}, id="mixed-rightly"),
        pytest.param({"accuracy": accuracy(validation=0.2)}, id="too-hard-to-tell"),
    ],
)
def test_aug004_clear(facts):
    assert verdict(labels_mixed_unlike_pictures, **(MIXED | facts)) == "clear"


def test_aug004_unknown():
    facts = MIXED | {"ledger": ledger()}
    assert verdict(labels_mixed_unlike_pictures, **facts) == "unknown"

"""Of two readings of one fault only the one that says more is priced."""

from builders import (
    accuracy,
    association,
    augmentation,
    backbone,
    call,
    healthy,
    labels,
    ledger,
    pixels,
    stats,
)

from regraft.diagnose import why
from regraft.diagnose.causes import RULES
from regraft.diagnose.rule import Verdict
from regraft.diagnose.runner import diagnose


def found(evidence):
    results = why._settle(diagnose(RULES, evidence), evidence)
    return {r.rule.id for r in results if r.finding.verdict is Verdict.FOUND}


def trained_on(validation):
    """Plain pictures in [0, 1], brightened far beyond it; and validation pictures."""
    return healthy(
        augmentation=augmentation(plain_high=1.0, high=52.0),
        pixels=pixels(train=stats(high=50.0, convention="", misfit=0.9), validation=validation,
                      model_validation=validation),
    )  # fmt: skip


def test_pixels_that_random_changes_moved_are_no_matter_of_scaling():
    reported = found(trained_on(stats(high=1.0, convention="unit")))
    assert "AUG002" in reported
    assert not {"SKW001", "PRE007"} & reported


def test_validation_pictures_on_a_third_scale_are():
    reported = found(trained_on(stats(low=-120.0, high=150.0, convention="caffe")))
    assert {"AUG002", "SKW001"} <= reported


def test_where_a_loop_was_to_freeze_the_backbone_nothing_else_is_blamed_for_its_loss():
    lost = backbone(n_trainable_layers=7, n_layers=7, weight_change=0.9)
    evidence = healthy(
        backbone=lost, accuracy=accuracy(train=0.4, validation=0.4),
        ledger=ledger(call("freeze-loop", 6)),
    )  # fmt: skip
    reported = found(evidence)
    assert "FRZ005" in reported
    assert not {"FRZ004", "OPT001"} & reported


def test_labels_are_not_contradicted_by_pictures_that_cannot_be_seen():
    contradicted = association(noisy=0.2, noise_margin=0.05, noisy_rows=(3, 5))
    squeezed = stats(low=-0.004, high=0.004, convention="unit-of-signed")
    mobile = backbone("mobilenet_v2", "signed")
    seen = {"association": contradicted, "backbone": mobile}
    plain = found(healthy(**seen, pixels=pixels(stats(-1, 1, "signed"))))
    assert "DAT002" in plain
    blind = found(healthy(**seen, pixels=pixels(squeezed)))
    assert "PRE003" in blind
    assert "DAT002" not in blind


def test_classes_that_the_parts_number_in_two_ways_are_not_missing_from_training():
    counted_from_one = labels(validation_counts={str(k): 40 for k in range(1, 11)},
                              total_variation=0.1)  # fmt: skip
    renamed = accuracy(validation=0.02, relabelled=0.9,
                       renaming=tuple((str(k), str(k - 1)) for k in range(1, 11)))  # fmt: skip
    reported = found(healthy(labels=counted_from_one, accuracy=renamed))
    assert "LAB002" in reported
    assert "DAT003" not in reported


def test_classes_that_were_hardly_taught_have_no_other_names():
    """Answers for them are of other classes, always: a renaming seems to explain these."""
    taught = {str(k): 100 for k in range(8)}
    cut = labels(
        train_counts=taught | {"8": 6, "9": 2}, validation_counts={"8": 95, "9": 105},
        total_variation=0.95,
    )  # fmt: skip
    renamed = accuracy(validation=0.04, relabelled=0.67, renaming=(("7", "8"), ("4", "9")))
    reported = found(healthy(labels=cut, accuracy=renamed))
    assert "SPL003" in reported
    assert "LAB002" not in reported

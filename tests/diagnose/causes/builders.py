"""Evidence of a healthy run, to be changed one fact at a time; and one way to ask a rule."""

import dataclasses
import json
from types import FunctionType

from regraft.diagnose import repairs
from regraft.diagnose.evidence import (
    Accuracy,
    Association,
    Augmentation,
    Backbone,
    Call,
    Evidence,
    Labels,
    Ledger,
    Order,
    Output,
    Overlap,
    Pixels,
    PixelStats,
    Printed,
    Shift,
    Site,
    Training,
)
from regraft.diagnose.rule import Finding, Rule, Verdict
from regraft.diagnose.runner import diagnose

KINDS = {
    name.replace("_", "-")
    for name, value in vars(repairs).items()
    if isinstance(value, FunctionType) and not name.startswith("_") and name != "dataclass"
}


def site(line=1, code=""):
    return Site(file="train.py", line=line, code=code)


def call(what, line=1, **details):
    return Call(what=what, site=site(line), details=details)


def ledger(*calls):
    return Ledger(calls=calls)


def stats(low=0.0, high=255.0, convention="byte", **changes):
    """Colour photographs; `misfit` is 0 unless said, whatever low and high are."""
    facts = {
        "n_images": 64, "height": 64, "width": 64, "channels": 3, "low": low, "high": high,
        "channel_means": (124.0, 117.0, 104.0), "whole_numbers": 1.0,
        "neighbour_correlation": 0.93, "convention": convention, "misfit": 0.0, "runner_up": "",
        "runner_up_misfit": 1.0, "distinct": 64,
    }  # fmt: skip
    return PixelStats(**(facts | changes))


def pixels(train=None, validation="same", model_train=None, model_validation="same", **changes):
    train = stats() if train is None else train
    model = train if model_train is None else model_train
    return Pixels(
        model_train=model,
        model_validation=model if model_validation == "same" else model_validation,
        backbone_train=train,
        backbone_validation=train if validation == "same" else validation,
        **changes,
    )


def fresh_pixels(train, validation="same", **changes):
    """A network without a recognised backbone."""
    return Pixels(
        model_train=train,
        model_validation=train if validation == "same" else validation,
        backbone_train=None,
        backbone_validation=None,
        **changes,
    )


def backbone(name="efficientnet_b0", convention="byte", **changes):
    facts = {
        "name": name, "convention": convention, "rescales_inside": convention == "byte",
        "site": site(10), "weights": "imagenet", "looks_random": False, "input_height": 64,
        "input_width": 64, "last_map": (2, 2), "n_layers": 80, "n_trainable_layers": 0,
        "n_batchnorm": 49, "n_batchnorm_trainable": 0, "called_with_training": False,
        "weight_change": 0.0, "statistics_change": 0.0,
    }  # fmt: skip
    return Backbone(**(facts | changes))


def output(**changes):
    facts = {
        "site": site(12), "compile_site": site(14), "units": 10, "activation": "softmax",
        "loss": "sparse_categorical_crossentropy", "from_logits": False, "label_kind": "index",
        "n_classes": 10, "accuracy_metric": "SparseCategoricalAccuracy",
        "dropout_on_output": False, "narrowest_hidden": 0, "narrowest_site": None,
        "largest_dropout": 0.2,
    }  # fmt: skip
    return Output(**(facts | changes))


def labels(**changes):
    facts = {
        "train_counts": {str(k): 100 for k in range(10)},
        "validation_counts": {str(k): 40 for k in range(10)},
        "lowest": 0.0, "highest": 9.0, "are_whole": True,
        "batch_purity": 0.2, "expected_purity": 0.2, "train_class_names": (),
        "validation_class_names": (), "total_variation": 0.0,
    }  # fmt: skip
    return Labels(**(facts | changes))


def training(**changes):
    facts = {
        "site": site(15), "optimizer": "adam", "learning_rate": 1e-3,
        "learning_rate_site": site(14), "batch_size": 32, "epochs": 5, "planned_updates": 160,
        "n_train": 1000, "n_train_used": 1000, "shuffle": True, "validation": "data",
        "first_loss": 2.4, "last_loss": 0.1, "losses": (0.9, 0.4, 0.2, 0.15, 0.1),
        "trainable_parameters": 12810, "head_parameters": 12810, "unchanged_trainable": 0,
        "trainable_changed_after_compile": False, "trainable_changed_site": None,
        "mistyped_attributes": (), "fresh_batchnorm": 0, "sampled": False, "callbacks": (),
    }  # fmt: skip
    return Training(**(facts | changes))


def accuracy(**changes):
    facts = {
        "validation": 0.93, "n_validation": 400, "claimed": 0.93, "claimed_by": "fit",
        "train": 0.97, "train_in_training_mode": 0.96, "chance": 0.1, "majority": 0.1,
        "balanced": 0.93, "predicted_classes": 10, "relabelled": 0.93, "renaming": (),
    }  # fmt: skip
    return Accuracy(**(facts | changes))


def overlap(**changes):
    facts = {
        "exact": 0.0, "near": 0.0, "honest": 0.93, "n_honest": 400,
        "changes_between_passes": False,
    }  # fmt: skip
    return Overlap(**(facts | changes))


def association(**changes):
    facts = {"accuracy": 0.9, "n": 1000, "chance": 0.1, "noisy": 0.01, "noise_margin": 0.0}
    return Association(**(facts | changes))


def augmentation(**changes):
    facts = {
        "sites": (call("augmentation", 11, layer="RandomFlip"),), "train_is_random": True,
        "validation_is_random": False, "low": 0.0, "high": 255.0, "plain_low": 0.0,
        "plain_high": 255.0, "plain_accuracy": 0.93, "augmented_accuracy": 0.91,
    }  # fmt: skip
    return Augmentation(**(facts | changes))


def order(**changes):
    facts = {
        "site": site(20), "claimed": 0.93, "honest": 0.93, "n_predictions": 400, "n_labels": 400,
    }  # fmt: skip
    return Order(**(facts | changes))


def shift(**changes):
    return Shift(**({"separability": 0.52, "n": 400} | changes))


def printed(**changes):
    facts = {
        "text": "val accuracy: 0.9300", "value": 0.93,
    }  # fmt: skip
    return Printed(**(facts | changes))


def healthy(**changes):
    """All facts of a run with nothing wrong."""
    facts = {
        "ledger": ledger(call("fit", 15)), "pixels": pixels(), "backbone": backbone(),
        "output": output(), "labels": labels(), "training": training(), "accuracy": accuracy(),
        "overlap": overlap(), "association": association(), "augmentation": augmentation(),
        "order": order(), "shift": shift(), "printed_accuracy": printed(),
        "keras_version": "3.15.1",
    }  # fmt: skip
    return Evidence(**(facts | changes))


def ask(rule: Rule, **changes) -> Finding:
    """The rule's answer about a healthy run with these facts changed; promises are checked."""
    (result,) = diagnose([rule], healthy(**changes))
    assert result.error == ""
    finding = result.finding
    assert finding.because
    json.dumps(dataclasses.asdict(finding), allow_nan=False)
    if finding.verdict is Verdict.FOUND:
        assert finding.fix
        assert 0 < float(finding.evidence["severity"]) <= 1
        assert finding.repairs or finding.honest is not None, "nothing to measure it by"
        assert {repair.kind for repair in finding.repairs} <= KINDS
    return finding


def verdict(rule: Rule, **changes) -> str:
    return ask(rule, **changes).verdict.value

import math

import pytest
from builders import accuracy, ask, output, site, training, verdict

from regraft.diagnose.causes.capacity import (
    bottleneck_before_output,
    dropout_drowns_head,
    head_memorises,
    penalty_drowns_head,
)

HUGE = training(head_parameters=25_000_000)
BY_HEART = accuracy(train=1.0, validation=0.75)
UNLEARNT = accuracy(train=0.4)


def test_cap001_found():
    finding = ask(head_memorises, training=HUGE, accuracy=BY_HEART)
    assert finding.repairs[0].kind == "pool-features"


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        pytest.param(training(), BY_HEART, id="small-head"),
        pytest.param(HUGE, accuracy(train=1.0), id="large-head-that-generalises"),
        pytest.param(HUGE, UNLEARNT, id="not-memorised"),
    ],
)
def test_cap001_clear(given, measured):
    assert verdict(head_memorises, training=given, accuracy=measured) == "clear"


def test_cap001_unknown():
    assert verdict(head_memorises, training=training(head_parameters=0)) == "unknown"


@pytest.mark.parametrize(
    ("units", "train"), [(2, 0.6), (10, 0.4)], ids=["two-units", "as-many-as-classes"]
)
def test_cap002_found(units, train):
    narrow = output(narrowest_hidden=units, narrowest_site=site(11))
    finding = ask(bottleneck_before_output, output=narrow, accuracy=accuracy(train=train))
    assert finding.repairs[0].parameters["arguments"] == {"units": 128}


@pytest.mark.parametrize(
    ("units", "train"),
    [(0, 0.4), (64, 0.4), (2, 0.97), (10, 0.8)],
    ids=["no-hidden-layer", "wide", "learnt-all-the-same", "as-many-and-learning"],
)
def test_cap002_clear(units, train):
    facts = {"output": output(narrowest_hidden=units), "accuracy": accuracy(train=train)}
    assert verdict(bottleneck_before_output, **facts) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        {"output": output(narrowest_hidden=2), "backbone": None},
        {"output": output(narrowest_hidden=2, n_classes=0)},
    ],
    ids=["place-not-known", "classes-not-known"],
)
def test_cap002_unknown(facts):
    assert verdict(bottleneck_before_output, accuracy=UNLEARNT, **facts) == "unknown"


@pytest.mark.parametrize(
    ("where", "kind"), [(site(11), "set-arguments"), (None, "pool-features")], ids=["site", "none"]
)
def test_cap003_found(where, kind):
    drowned = output(largest_dropout=0.9, dropout_site=where)
    finding = ask(dropout_drowns_head, output=drowned, accuracy=UNLEARNT)
    assert finding.repairs[0].kind == kind


@pytest.mark.parametrize(
    ("rate", "train"), [(0.5, 0.4), (0.9, 0.95)], ids=["usual-rate", "learnt-all-the-same"]
)
def test_cap003_clear(rate, train):
    facts = {"output": output(largest_dropout=rate), "accuracy": accuracy(train=train)}
    assert verdict(dropout_drowns_head, **facts) == "clear"


def test_cap003_unknown():
    facts = {"output": output(largest_dropout=0.9), "accuracy": UNLEARNT, "backbone": None}
    assert verdict(dropout_drowns_head, **facts) == "unknown"


def test_cap004_found():
    finding = ask(
        penalty_drowns_head,
        output=output(largest_penalty=1.0, penalty_site=site(11)),
        accuracy=UNLEARNT,
    )
    assert finding.repairs[0].kind == "drop-penalties"
    assert finding.where[0].line == 11


@pytest.mark.parametrize(
    ("factor", "train"), [(0.01, 0.4), (1.0, 0.95)], ids=["usual", "learnt-all-the-same"]
)
def test_cap004_clear(factor, train):
    facts = {"output": output(largest_penalty=factor), "accuracy": accuracy(train=train)}
    assert verdict(penalty_drowns_head, **facts) == "clear"


def test_cap004_unknown():
    facts = {"output": output(largest_penalty=1.0), "accuracy": accuracy(train=math.nan)}
    assert verdict(penalty_drowns_head, **facts) == "unknown"


def test_cap001_of_a_sample_counts_only_beside_other_causes():
    sampled = training(head_parameters=12_000_000, n_train=20_000, n_train_used=600)
    finding = ask(head_memorises, training=sampled, accuracy=BY_HEART)
    assert finding.evidence["is_forecast"] == 1.0
    finding = ask(head_memorises, training=HUGE, accuracy=BY_HEART)
    assert finding.evidence["is_forecast"] == 0.0

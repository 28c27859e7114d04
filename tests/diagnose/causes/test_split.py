from dataclasses import replace

import pytest
from builders import ask, call, labels, ledger, site, training, verdict

from regraft.diagnose.causes.split import (
    training_order_by_class,
    unstratified_slices,
    validation_split_takes_one_end,
)

CUT = training(validation="split")
LAST_TWO = labels(
    train_counts={str(k): 100 for k in range(8)},
    validation_counts={"8": 100, "9": 100},
    total_variation=1.0,
)
FEW = labels(train_counts={"0": 9, "1": 1}, validation_counts={"0": 2, "1": 3}, total_variation=0.5)
# one in sixteen, shown as often as the others in training
OVERSAMPLED = labels(
    train_counts={"0": 1500, "1": 1500},
    validation_counts={"0": 375, "1": 25},
    total_variation=0.44,
)
ALL_DOGS = labels(
    train_counts={"0": 500, "1": 300}, validation_counts={"1": 200}, total_variation=0.62
)
NEARLY = labels(
    train_counts={**{str(k): 200 for k in range(8)}, "8": 9},
    validation_counts={"8": 191, "9": 200},
    total_variation=0.99,
)
CHANCE = labels(
    train_counts={str(k): 10 for k in range(10)},
    validation_counts={str(k): 5 + (k % 2) for k in range(10)},
    total_variation=0.2,
)
SUBSET = ledger(call("image_dataset_from_directory", 5, subset="validation"))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"training": CUT}, id="validation-split-of-sorted-rows"),
        pytest.param({"ledger": SUBSET}, id="subset-of-a-folder"),
    ],
)
def test_spl001_found(facts):
    finding = ask(validation_split_takes_one_end, labels=LAST_TWO, **facts)
    assert finding.verdict == "found"
    assert "100% of the validation rows are of classes never trained on (8, 9)" in finding.because


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"training": CUT}, id="shuffled-before"),
        pytest.param({"training": CUT, "labels": CHANCE}, id="small-random-parts-differ"),
        pytest.param({"labels": LAST_TWO}, id="own-slices-are-spl003"),
    ],
)
def test_spl001_clear(facts):
    assert verdict(validation_split_takes_one_end, **facts) == "clear"


def test_spl001_unknown():
    assert verdict(validation_split_takes_one_end, training=CUT, labels=FEW) == "unknown"


@pytest.mark.parametrize("purity", [1.0, 0.7], ids=["one-class-a-batch", "small-buffer"])
def test_spl002_found(purity):
    sorted_rows = labels(batch_purity=purity)
    assert verdict(training_order_by_class, labels=sorted_rows) == "found"


@pytest.mark.parametrize(
    ("purity", "shuffled"), [(0.2, 0.2), (0.55, 0.52), (0.3, 0.2)], ids=["ten", "two", "nearly"]
)
def test_spl002_clear(purity, shuffled):
    mixed = labels(batch_purity=purity, expected_purity=shuffled)
    assert verdict(training_order_by_class, labels=mixed) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"labels": labels(batch_purity=float("nan"))}, id="not-seen"),
        pytest.param(
            {
                "labels": labels(batch_purity=1.0, expected_purity=0.6),
                "training": training(batch_size=2),
            },
            id="pairs",
        ),
    ],
)
def test_spl002_unknown(facts):
    assert verdict(training_order_by_class, **facts) == "unknown"


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        pytest.param(LAST_TWO, "never trained on (8, 9)", id="classes-cut-off"),
        pytest.param(NEARLY, "hardly trained on (8, 9)", id="some-rows-left"),
        pytest.param(ALL_DOGS, "no row of 0", id="one-class-to-validate"),
    ],
)
def test_spl003_found(counts, named):
    assert_found(counts, named)


@pytest.mark.parametrize(("counts", "claimed"), [(LAST_TWO, None), (ALL_DOGS, 0.93)])
def test_what_is_asked_of_fewer_classes_is_another_number(counts, claimed):
    assert ask(unstratified_slices, labels=counts).claimed == claimed


def assert_found(counts, named):
    finding = ask(unstratified_slices, labels=counts)
    assert finding.repairs[0].kind == "resplit"
    assert named in finding.because


@pytest.mark.parametrize("trained", [training(validation="none"), None])
def test_spl003_found_where_rows_are_scored_afterwards(trained):
    finding = ask(
        unstratified_slices,
        labels=LAST_TWO,
        training=trained,
        ledger=ledger(call("KFold", 7, shuffle=False)),
    )
    assert [site.line for site in finding.where] == [7]


def test_spl003_found_where_one_folder_is_cut_by_take_and_skip():
    names = {"train_class_names": ("a", "b"), "validation_class_names": ()}
    cut = ledger(
        call("image_dataset_from_directory", 3, directory="d"),
        call("tf.data.take", 4),
        call("tf.data.skip", 5),
    )
    named = replace(LAST_TWO, **names)
    assert verdict(unstratified_slices, labels=named, ledger=cut) == "found"
    assert verdict(unstratified_slices, labels=named, ledger=ledger()) == "unknown"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="same-shares"),
        pytest.param({"labels": CHANCE}, id="small-random-parts-differ"),
        pytest.param({"labels": LAST_TWO, "training": CUT}, id="split-by-keras-is-spl001"),
        pytest.param({"labels": OVERSAMPLED}, id="rows-repeated-to-even-out-classes"),
    ],
)
def test_spl003_clear(facts):
    assert verdict(unstratified_slices, **facts) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"labels": FEW}, id="too-few-rows"),
        pytest.param(
            {
                "labels": labels(
                    validation_counts={"0": 400}, total_variation=0.9,
                    train_class_names=("a", "b"), validation_class_names=("a", "b"),
                )
            },
            id="folders-of-their-own",
        ),
    ],
)  # fmt: skip
def test_spl003_unknown(facts):
    assert verdict(unstratified_slices, **facts) == "unknown"


def test_groups_kept_together_may_each_be_of_one_class():
    facts = {"labels": ALL_DOGS, "ledger": ledger(call("group-split", 7))}
    assert verdict(unstratified_slices, **facts) == "unknown"


def test_a_batch_that_is_taken_to_be_looked_at_is_not_where_the_parts_were_cut():
    calls = ledger(call("tf.data.take", 8), call("tf.data.skip", 9), call("tf.data.take", 30))
    finding = ask(
        unstratified_slices, labels=ALL_DOGS, ledger=calls, training=training(site=site(20))
    )
    assert [site.line for site in finding.where] == [9]

import pytest
from builders import accuracy, ask, association, call, labels, ledger, training, verdict

from regraft.diagnose.causes.data import (
    empty_or_tiny_class,
    label_noise,
    majority_rate_as_accuracy,
    most_data_left_out,
    one_class_fills_training,
    rows_that_weigh_nothing,
    weights_favour_the_large_classes,
)
from regraft.diagnose.causes.split import unstratified_slices
from regraft.diagnose.evidence import Evidence
from regraft.diagnose.runner import diagnose

UNEVEN = {"chance": 0.5, "majority": 0.8}
ALWAYS_ONE = accuracy(validation=0.8, balanced=0.5, predicted_classes=1, **UNEVEN)


def test_dat001_found():
    finding = ask(majority_rate_as_accuracy, accuracy=ALWAYS_ONE)
    assert (finding.claimed, finding.honest) == (0.8, 0.5)


@pytest.mark.parametrize(
    "measured",
    [
        pytest.param(accuracy(), id="even-classes"),
        pytest.param(accuracy(predicted_classes=2, **UNEVEN), id="imbalance-handled"),
        pytest.param(
            accuracy(validation=0.1, balanced=0.1, predicted_classes=1), id="collapsed-even"
        ),
    ],
)
def test_dat001_clear(measured):
    assert verdict(majority_rate_as_accuracy, accuracy=measured) == "clear"


def test_dat001_unknown():
    few = labels(validation_counts={"0": 8, "1": 2})
    assert verdict(majority_rate_as_accuracy, accuracy=ALWAYS_ONE, labels=few) == "unknown"
    short = training(sampled=True, n_train_used=200)
    assert verdict(majority_rate_as_accuracy, accuracy=ALWAYS_ONE, training=short) == "unknown"


NOISY = {"noisy": 0.2, "noise_margin": 0.05}


def test_dat002_found():
    finding = ask(label_noise, association=association(noisy_rows=(3, 5), **NOISY))
    assert finding.repairs[0].parameters["rows"] == [3, 5]


@pytest.mark.parametrize(
    "facts", [{}, {**NOISY, "noise_margin": 0.0}], ids=["clean", "leaving-them-out-gains-nothing"]
)
def test_dat002_clear(facts):
    assert verdict(label_noise, association=association(**facts)) == "clear"


@pytest.mark.parametrize(
    "facts",
    [{"n": 50}, NOISY, {**NOISY, "noisy_rows": (3, 5), "clean_accuracy": 0.6}],
    ids=["few-rows", "rows-not-kept", "poor-features"],
)
def test_dat002_unknown(facts):
    assert verdict(label_noise, association=association(**facts)) == "unknown"


def counts(last, others=20):
    return labels(train_counts={"0": others, "1": others, "2": last}, validation_counts={
        "0": 40, "1": 40, "2": 20})  # fmt: skip


POOR = accuracy(validation=0.8, balanced=0.6)


@pytest.mark.parametrize(
    ("given", "kinds"),
    [(counts(0), ["resplit"]), (counts(2, others=200), ["resplit"]), (counts(2), [])],
    ids=["empty", "left-out", "tiny"],
)
def test_dat003_found(given, kinds):
    finding = ask(empty_or_tiny_class, labels=given, accuracy=POOR)
    assert [repair.kind for repair in finding.repairs] == kinds
    assert finding.honest == (None if kinds else 0.6)


def test_dat003_found_where_training_rows_of_a_class_were_filtered_out():
    filtered = labels(
        train_counts={"0": 400, "1": 9, "2": 400}, validation_counts={"0": 40, "1": 40, "2": 40}
    )
    finding = ask(empty_or_tiny_class, labels=filtered, accuracy=POOR)
    assert [repair.kind for repair in finding.repairs] == ["resplit"]
    assert "1: 9" in finding.because
    assert verdict(unstratified_slices, labels=filtered) == "clear"  # no split did it


FOUR_EACH = labels(train_counts={"0": 4, "1": 4, "2": 4}, validation_counts={
    "0": 60, "1": 30, "2": 10})  # fmt: skip


@pytest.mark.parametrize(
    ("given", "measured"),
    [(counts(10), POOR), (counts(2), accuracy()), (FOUR_EACH, POOR)],
    ids=["enough", "told-apart-all-the-same", "few-shot"],
)
def test_dat003_clear(given, measured):
    assert verdict(empty_or_tiny_class, labels=given, accuracy=measured) == "clear"


def test_dat003_unknown():
    facts = {"labels": counts(0), "accuracy": POOR, "training": training(sampled=True)}
    assert verdict(empty_or_tiny_class, **facts) == "unknown"


CROWDED = {"0": 700, **{str(k): 30 for k in range(1, 10)}}


def test_dat004_found():
    finding = ask(one_class_fills_training, labels=labels(train_counts=CROWDED))
    assert finding.repairs[0].kind == "balance-classes"
    assert "class 0" in finding.because


def test_dat004_found_of_two_classes_too():
    uneven = labels(
        train_counts={"0": 560, "1": 38}, validation_counts={"0": 110, "1": 110}
    )  # fmt: skip
    assert verdict(one_class_fills_training, labels=uneven) == "found"


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(labels(), id="even"),
        pytest.param(
            labels(train_counts=CROWDED, validation_counts=CROWDED), id="as-uneven-in-validation"
        ),
        pytest.param(
            labels(train_counts={"0": 650, "1": 350}, validation_counts={"0": 50, "1": 50}),
            id="two-to-one",
        ),
    ],
)
def test_dat004_clear(counts):
    assert verdict(one_class_fills_training, labels=counts) == "clear"


def test_dat004_leaves_weighted_classes_alone():
    facts = {
        "labels": labels(train_counts=CROWDED),
        "training": training(class_weights=FOR_THE_SMALL),
    }
    assert verdict(one_class_fills_training, **facts) == "clear"


def test_dat004_unknown():
    few = labels(validation_counts={"0": 8, "1": 2})
    assert verdict(one_class_fills_training, labels=few) == "unknown"


def taken(n, there, *others):
    return ledger(call("tf.data.take", 9, arg=n, of=7, of_elements=there), *others)


UNLEARNT = accuracy(train=0.4, validation=0.35)


@pytest.mark.parametrize(
    ("steps", "n_train", "measured"),
    [
        pytest.param(taken(2, 94), 64, accuracy(), id="a-few-batches"),
        pytest.param(taken(8, 94), 256, UNLEARNT, id="planned-for-more"),
        pytest.param(taken(64, 3000), 64, UNLEARNT, id="pictures-planned-for-more"),
    ],
)
def test_dat005_found(steps, n_train, measured):
    facts = {"ledger": steps, "training": training(n_train=n_train, batch_size=32)}
    finding = ask(most_data_left_out, accuracy=measured, **facts)
    assert finding.repairs[0].parameters["what"] == "tf.data.take"
    assert finding.where[0].line == 9


@pytest.mark.parametrize(
    ("steps", "n_train"),
    [
        pytest.param(taken(2, 94, call("tf.data.skip", 10, arg=2, of=7)), 64, id="rest-is-used"),
        pytest.param(taken(80, 94), 2560, id="most-is-kept"),
        pytest.param(taken(2, 94), 2000, id="not-what-is-trained-on"),
        pytest.param(taken(2, -1), 64, id="length-not-known"),
        pytest.param(ledger(), 64, id="no-take"),
    ],
)
def test_dat005_clear(steps, n_train):
    facts = {"ledger": steps, "training": training(n_train=n_train, batch_size=32)}
    assert verdict(most_data_left_out, **facts) == "clear"


@pytest.mark.parametrize(
    ("steps", "n_train"), [(taken(100, 3000), 100), (taken(100, 1875), 3200)],
    ids=["few-shot", "a-quick-trial"],
)  # fmt: skip
def test_dat005_leaves_a_small_part_that_is_learnt_alone(steps, n_train):
    facts = {"ledger": steps, "training": training(n_train=n_train, batch_size=32)}
    assert verdict(most_data_left_out, **facts) == "unknown"


def test_dat005_unknown():  # without a training nothing can be said
    (result,) = diagnose([most_data_left_out], Evidence(ledger=taken(2, 94)))
    assert str(result.finding.verdict) == "unknown"


def test_dat006_found():
    finding = ask(rows_that_weigh_nothing, training=training(weightless=0.95))
    assert finding.repairs[0].kind == "ignore-weights"


@pytest.mark.parametrize("share", [0.0, 0.05], ids=["none", "a few masked"])
def test_dat006_clear(share):
    assert verdict(rows_that_weigh_nothing, training=training(weightless=share)) == "clear"


def test_dat006_unknown():
    assert verdict(rows_that_weigh_nothing, training=training(n_train_used=0)) == "unknown"


COUNTS = {"0": 500, "1": 200, "2": 60, "3": 20}
FOR_THE_LARGE = {"0": 5.0, "1": 2.0, "2": 1.0, "3": 0.4}
FOR_THE_SMALL = {"0": 0.4, "1": 1.0, "2": 2.0, "3": 5.0}


def uneven(**changes):
    return labels(**{
        "train_counts": COUNTS, "validation_counts": dict.fromkeys(COUNTS, 50), **changes
    })  # fmt: skip


def test_dat007_found():
    finding = ask(
        weights_favour_the_large_classes,
        labels=uneven(),
        training=training(class_weights=FOR_THE_LARGE),
    )
    assert finding.repairs[0].kind == "ignore-weights"
    assert "class 0, the largest with 500 rows, has weight 5" in finding.because


@pytest.mark.parametrize(
    ("of_labels", "weights"),
    [
        pytest.param({}, FOR_THE_SMALL, id="inverse-to-counts"),
        pytest.param({}, dict.fromkeys(COUNTS, 1.0), id="all-the-same"),
        pytest.param({"train_counts": dict.fromkeys(COUNTS, 200)}, FOR_THE_LARGE, id="even"),
        pytest.param({"validation_counts": COUNTS}, FOR_THE_LARGE, id="validation-as-uneven"),
        pytest.param({}, {"0": 1.0, "1": 1.0, "2": 1.0, "3": 2.0}, id="one-a-little-heavier"),
    ],
)
def test_dat007_clear(of_labels, weights):
    facts = {"labels": uneven(**of_labels), "training": training(class_weights=weights)}
    assert verdict(weights_favour_the_large_classes, **facts) == "clear"


EVEN = {"train_counts": dict.fromkeys(COUNTS, 200), "validation_counts": dict.fromkeys(COUNTS, 50)}
TOP_HEAVY = {"0": 1.0, "1": 1.0, "2": 1.0, "3": 50.0}


@pytest.mark.parametrize(
    ("weights", "variation", "expected"),
    [
        (TOP_HEAVY, 0.4, "found"),
        (TOP_HEAVY, 0.05, "clear"),
        (TOP_HEAVY | {"3": 3.0}, 0.4, "clear"),
        (TOP_HEAVY | {"0": 0.0}, 0.4, "clear"),
    ],
    ids=["followed", "hardly-followed", "a-little-heavier", "of-no-weight"],
)
def test_weights_that_classes_of_one_size_do_not_ask_for(weights, variation, expected):
    facts = {"labels": uneven(**EVEN), "training": training(class_weights=weights)}
    measured = accuracy(variation=variation)
    assert verdict(weights_favour_the_large_classes, accuracy=measured, **facts) == expected


def test_dat007_unknown():
    assert verdict(weights_favour_the_large_classes, labels=uneven()) == "unknown"

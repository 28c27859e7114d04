import pytest
from builders import accuracy, ask, association, labels, training, verdict

from regraft.diagnose.causes.data import empty_or_tiny_class, label_noise, majority_rate_as_accuracy

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


NOISY = {"noisy": 0.2, "noise_margin": 0.05}


def test_dat002_found():
    finding = ask(label_noise, association=association(noisy_rows=(3, 5), **NOISY))
    assert finding.repairs[0].parameters["rows"] == [3, 5]


@pytest.mark.parametrize(
    "facts", [{}, {**NOISY, "noise_margin": 0.0}], ids=["clean", "leaving-them-out-gains-nothing"]
)
def test_dat002_clear(facts):
    assert verdict(label_noise, association=association(**facts)) == "clear"


@pytest.mark.parametrize("facts", [{"n": 50}, NOISY], ids=["few-rows", "rows-not-kept"])
def test_dat002_unknown(facts):
    assert verdict(label_noise, association=association(**facts)) == "unknown"


def counts(last):
    return labels(train_counts={"0": 100, "1": 100, "2": last}, validation_counts={
        "0": 40, "1": 40, "2": 20})  # fmt: skip


POOR = accuracy(validation=0.8, balanced=0.6)


@pytest.mark.parametrize(("last", "kinds"), [(0, ["resplit"]), (2, [])], ids=["empty", "tiny"])
def test_dat003_found(last, kinds):
    finding = ask(empty_or_tiny_class, labels=counts(last), accuracy=POOR)
    assert [repair.kind for repair in finding.repairs] == kinds
    assert finding.honest == (None if kinds else 0.6)


@pytest.mark.parametrize(
    ("last", "measured"), [(50, POOR), (2, accuracy())], ids=["enough", "told-apart-all-the-same"]
)
def test_dat003_clear(last, measured):
    assert verdict(empty_or_tiny_class, labels=counts(last), accuracy=measured) == "clear"


def test_dat003_unknown():
    facts = {"labels": counts(0), "accuracy": POOR, "training": training(sampled=True)}
    assert verdict(empty_or_tiny_class, **facts) == "unknown"

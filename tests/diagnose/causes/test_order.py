import pytest
from builders import (
    accuracy,
    ask,
    association,
    call,
    ledger,
    order,
    pixels,
    shift,
    stats,
    verdict,
)

from regraft.diagnose.causes.order import (
    answers_unrelated_to_labels,
    features_in_another_order_than_labels,
    predictions_truncated,
    shuffled_predictions_ordered_labels,
)


def test_ord001_found():
    finding = ask(shuffled_predictions_ordered_labels, order=order(claimed=0.1))
    assert (finding.claimed, finding.honest) == (0.1, 0.93)
    assert [site.line for site in finding.where] == [20]


def test_ord001_says_which_mistake_was_undone():
    listed = order(claimed=0.1, mistake="numbers from 0 sorted as text")
    because = ask(shuffled_predictions_ordered_labels, order=listed).because
    assert "(undone: numbers from 0 sorted as text)" in because


@pytest.mark.parametrize("claimed", [0.93, 0.92], ids=["same", "nearly"])
def test_ord001_clear(claimed):
    assert verdict(shuffled_predictions_ordered_labels, order=order(claimed=claimed)) == "clear"


def test_ord001_unknown():
    cut = order(claimed=0.1, n_predictions=384)
    assert verdict(shuffled_predictions_ordered_labels, order=cut) == "unknown"


def test_ord002_found():
    finding = ask(predictions_truncated, order=order(claimed=0.3, n_predictions=384))
    assert "384 for 400 labels" in finding.because


@pytest.mark.parametrize(
    "facts", [{"claimed": 0.1}, {"n_predictions": 384}], ids=["same-number", "cut-off-evenly"]
)
def test_ord002_clear(facts):
    assert verdict(predictions_truncated, order=order(**facts)) == "clear"


def test_ord002_unknown():
    assert verdict(predictions_truncated, order=order(n_predictions=0)) == "unknown"


UNPAIRED = {
    "validation": 0.12, "by_chance": 0.1, "variation": 0.03, "n_validation": 400,
    "relabelled": 0.16,
}  # fmt: skip


OTHER_SCALE = pixels(model_train=stats(0, 1, "unit"), model_validation=stats())


def unpaired(**changes):
    return accuracy(**{**UNPAIRED, "train": 0.97, **changes})


def test_ord003_found():
    finding = ask(
        answers_unrelated_to_labels,
        accuracy=unpaired(),
        association=association(accuracy=0.93),
        shift=shift(separability=0.55),
    )
    assert (finding.claimed, finding.honest) == (0.12, 0.93)


@pytest.mark.parametrize(
    ("of_answers", "told"),
    [
        pytest.param({"validation": 0.3}, 0.93, id="better-than-chance"),
        pytest.param({"variation": 0.6}, 0.93, id="one-class-answered"),
        pytest.param({}, 0.3, id="pictures-that-tell-little"),
        pytest.param({"train": 0.2}, 0.93, id="a-network-that-learnt-nothing"),
        pytest.param({"relabelled": 0.9}, 0.93, id="other-names"),
        pytest.param({"by_transform": {"invert": 0.9}}, 0.93, id="inverted"),
    ],
)
def test_ord003_clear(of_answers, told):
    facts = {"association": association(accuracy=told), "shift": shift(separability=0.55)}
    assert verdict(answers_unrelated_to_labels, accuracy=unpaired(**of_answers), **facts) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        {"accuracy": unpaired(n_validation=30)},
        {"accuracy": unpaired(by_chance=float("nan"))},
        {"accuracy": unpaired(), "shift": shift(separability=0.95)},
        {"accuracy": unpaired(), "shift": None},
        {"accuracy": unpaired(), "pixels": OTHER_SCALE},
        {"accuracy": unpaired(), "pixels": pixels(stats(-1, 1, "signed"), stats(-1, 509, ""))},
        {
            "accuracy": unpaired(validation=0.6, by_chance=0.5, n_validation=80, relabelled=0.6),
            "association": association(accuracy=0.85, chance=0.5),
        },
    ],
    ids=["few", "not-kept", "other-pictures", "not-seen", "other-scale", "no-name", "by-chance"],
)
def test_ord003_unknown(facts):
    known = {"association": association(accuracy=0.93), "shift": shift(separability=0.55)}
    assert verdict(answers_unrelated_to_labels, **(known | facts)) == "unknown"


EXTRACTED = call("predict", 12, trained=False)
FOLDER = call("flow_from_directory", 9, shuffle=True)
OWN = call("numpy.random.shuffle", 33, row_numbers=True, in_reader=True)
UNTOLD = {"association": association(accuracy=0.11), "accuracy": accuracy(validation=0.12)}


SET = call("image_dataset_from_directory", 7, shuffle=True)


@pytest.mark.parametrize(
    ("reader", "kind"),
    [(FOLDER, "set-arguments"), (SET, "keep-order"), (OWN, "drop-call")],
    ids=["generator", "data set", "own"],
)
def test_ord004_found(reader, kind):
    finding = ask(features_in_another_order_than_labels, ledger=ledger(reader, EXTRACTED), **UNTOLD)
    assert [repair.kind for repair in finding.repairs] == [kind]
    assert [site.line for site in finding.where] == [reader.site.line]


@pytest.mark.parametrize(
    ("calls", "facts"),
    [
        pytest.param((FOLDER, call("predict", 12, trained=True)), UNTOLD, id="of-a-trained-one"),
        pytest.param((EXTRACTED,), UNTOLD, id="no-reader-shuffles"),
        pytest.param((FOLDER, EXTRACTED), {}, id="labels-are-told"),
        pytest.param(
            (EXTRACTED, call("numpy.random.shuffle", 5, row_numbers=True)), UNTOLD, id="elsewhere"
        ),
    ],
)
def test_ord004_clear(calls, facts):
    assert verdict(features_in_another_order_than_labels, ledger=ledger(*calls), **facts) == "clear"


def test_ord004_unknown():
    few = {"association": association(accuracy=0.11, n=40), "ledger": ledger(FOLDER, EXTRACTED)}
    assert verdict(features_in_another_order_than_labels, **few) == "unknown"

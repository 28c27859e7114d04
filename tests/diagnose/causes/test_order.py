import pytest
from builders import ask, order, verdict

from regraft.diagnose.causes.order import predictions_truncated, shuffled_predictions_ordered_labels


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

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.pipeline import choosing, fit
from regraft.pipeline.choosing import is_worth_a_search
from regraft.planning.default import Choice
from regraft.planning.growth import Resources
from regraft.planning.outcome import Scored, Seen

from ..conftest import Listener
from .conftest import three_classes

LITE = "efficientnet_lite0"
AUTO = ("auto", "auto", "auto")


@pytest.fixture(scope="module")
def images():
    return open_data(three_classes(300))


@pytest.mark.parametrize(
    ("at_hand", "few", "arguments", "answer"),
    [
        pytest.param(2, 10, {}, True, id="several-backbones"),
        pytest.param(1, 10, {}, True, id="many-pictures"),
        pytest.param(1, 10_000, {}, False, id="few-pictures-one-backbone"),
        pytest.param(2, 10_000, {"backbone": LITE}, False, id="few-pictures-and-it-is-named"),
        pytest.param(1, 10, {"backbone": LITE}, True, id="named-with-the-rest-open"),
        pytest.param(2, 10, {"budget": 30}, False, id="tiny-budget"),
        pytest.param(
            2, 10, {"backbone": LITE, "parts": (64, ("top_relu",), (1,))}, False, id="all-named"
        ),
        pytest.param(2, 10, {"parts": (64, ("a", "b"), "auto")}, False, id="two-taps-together"),
    ],
)
def test_when_auto_is_a_search(images, monkeypatch, at_hand, few, arguments, answer):
    monkeypatch.setattr(choosing, "backbones_at_hand", lambda: ("x",) * at_hand)
    monkeypatch.setattr(choosing, "FEW", few)
    options = {"backbone": "auto", "parts": AUTO, "budget": 300} | arguments
    assert is_worth_a_search(images, **options) is answer


@pytest.mark.slow
def test_a_fit_that_searches_says_what_it_found(monkeypatch, tmp_path):
    monkeypatch.setattr(choosing, "FEW", 10)
    listener = Listener()
    result = fit(
        three_classes(600),
        size=32,
        mode="head",
        budget=300,  # it ends when all pictures were seen, unless the machine is busy
        runtime="tensorflow",
        out=tmp_path / "a",
        progress=listener,
    )
    assert result.test_accuracy > 0.9
    assert result.seconds["total"] < 330
    assert {"search", "extract", "head"} <= set(result.seconds)
    assert any(note.startswith("Searched") for note in listener.notes)
    assert set(result.classifier.metrics["floors"]) >= {"majority_class"}


def judged(images_per_second, *, wrong=10):
    row = get(LITE)
    return Scored(
        choice=Choice(row=row, size=64, taps=(row.default_tap,), grids=(1,)),
        correct=np.arange(1000) >= wrong, images_per_second=images_per_second, seconds_spent=1.0,
        rung=3, l2_per_feature=0.1,
    )  # fmt: skip


@pytest.mark.parametrize(("n_train", "gains"), [(60_000, True), (9_000, False)])
def test_a_plan_that_leaves_time_for_a_second_head_is_worth_more(n_train, gains):
    """100 s: 60,000 pictures at 5,000 a second leave most of it, at 700 a second none."""
    seen = Seen(power=0.2, width=1280.0, seconds_per_value=1e-8)
    resources = Resources(
        seconds=100.0, n_train=n_train, n_validation=500, n_test=1000, load_seconds=5.0
    )
    fast, slow = (
        choosing.expected_in(resources, judged(pace), seen, peak=1e12) for pace in (5000.0, 700.0)
    )
    assert (1 - fast) / (1 - slow) == pytest.approx(0.85 if gains else 1.0, abs=0.02)

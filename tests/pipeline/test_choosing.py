import pytest

from regraft.data.open import open_data
from regraft.pipeline import choosing, fit
from regraft.pipeline.choosing import is_worth_a_search

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

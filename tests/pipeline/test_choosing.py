import pytest

from regraft.data.open import open_data
from regraft.pipeline import choosing, fit
from regraft.pipeline.choosing import _Pool, is_worth_a_search
from regraft.pipeline.parting import part

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


def test_what_is_read_is_parted_as_it_is_ordered(images):
    split = part(images, seed=0)
    pool = _Pool.of(images, split, seed=0)
    n_train, n_test = 120, 30
    rows = pool.rows(n_train, n_test)
    assert len(set(rows)) == len(rows) == len(pool.validation) + 150
    for n_read in (len(rows), len(rows) - 7, len(pool.validation) + 60):
        parts = pool.split(n_train, n_test, n_read)
        assert set(rows[parts.test]) <= set(split.test)
        assert set(rows[parts.validation]) == set(pool.validation)
        assert not set(rows[parts.train]) & set(split.test)
        assert sum(map(len, (parts.train, parts.validation, parts.test))) == n_read


def test_validation_pictures_that_are_not_needed_are_learnt_from(images, monkeypatch):
    monkeypatch.setattr(choosing, "MOST_VALIDATION", 9)
    split = part(images, seed=0)
    pool = _Pool.of(images, split, seed=0)
    assert len(pool.validation) == 9
    assert len(pool.train) == len(split.train) + len(split.validation) - 9


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

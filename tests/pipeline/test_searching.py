import json

import pytest

import regraft
from regraft.errors import InvalidArgumentError
from regraft.pipeline import search

from ..conftest import Listener
from .conftest import three_classes

LITE = "efficientnet_lite0"


@pytest.fixture(scope="module")
def listener():
    return Listener()


@pytest.fixture(scope="module")
def result(listener):
    return search(
        three_classes(120),
        budget=300,
        backbones=[LITE],
        sizes=[32],
        runtime="tensorflow",
        progress=listener,
    )


def test_the_plan_chosen_was_scored_with_the_real_head(result):
    best = result.best
    assert best.rung == max(plan.rung for plan in result.candidates) == 2
    assert best.accuracy > 0.9
    assert best.latency_ms > 0
    assert best.images_per_second > 0
    assert best.choice.row.name == LITE


def test_names_are_looked_up_before_any_picture_is_read():
    with pytest.raises(InvalidArgumentError, match="vgg16"):
        search("no/such/folder", backbones=["vgg61"])


def test_test_pictures_are_not_in_the_probe(result):
    assert result.n_probe == 102


def test_all_taps_and_pairs_of_them_were_tried(result):
    taps = {plan.choice.taps for plan in result.candidates}
    assert len({one for names in taps for one in names}) == len(result.best.choice.row.taps)
    assert any(len(names) == 2 for names in taps)


def test_the_json_is_that_of_the_design(result):
    view = json.loads(json.dumps(result.as_json(), allow_nan=False))
    assert set(view) >= {"schema", "candidates", "chosen", "seconds"}
    keys = {"backbone", "size", "tap", "grid", "val_accuracy", "interval", "images_per_second"}
    keys |= {"latency_ms", "seconds_spent", "rung"}
    assert all(keys <= set(candidate) for candidate in view["candidates"])
    assert view["chosen"] in view["front"]


def test_it_says_how_it_goes(result, listener):
    assert any(f"{LITE} at 32 px" in note for note in listener.notes)


@pytest.mark.slow
def test_the_same_passes_give_the_same_scores(result):
    again = search(
        three_classes(120), budget=300, backbones=[LITE], sizes=[32], runtime="tensorflow"
    )
    scores = [
        {(p.choice.taps, p.choice.grids): p.accuracy for p in found.candidates if p.rung < 2}
        for found in (result, again)
    ]
    both = set(scores[0]) & set(scores[1])
    assert both
    assert all(scores[0][plan] == scores[1][plan] for plan in both)


OPTIONS = {"backbones": [LITE], "sizes": [32], "runtime": "tensorflow", "budget": 300}


def test_an_artefact_too_large_is_not_tried():
    with pytest.raises(InvalidArgumentError, match=r"none that is small enough.*--max-size"):
        search(three_classes(120), max_size=0.001, **OPTIONS)


@pytest.mark.slow
def test_limits_are_kept():
    best = search(three_classes(120), max_size=0.1, **OPTIONS).best.choice
    assert best.row.taps.index(best.row.deepest(best.taps)) < 4
    with pytest.raises(InvalidArgumentError, match="--max-latency"):
        search(three_classes(120), max_latency=1e-6, **OPTIONS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"budget": 0}, "above 0", id="budget"),
        pytest.param({"backbones": ["vgg61"]}, "vgg16", id="backbone"),
        pytest.param({"sizes": [8]}, "a plan to try", id="size"),
    ],
)
def test_wrong_arguments(changes, message):
    with pytest.raises(InvalidArgumentError, match=message):
        search(three_classes(120), **(OPTIONS | {"sizes": None} | changes))


def test_it_is_public():
    assert regraft.search is search

import numpy as np
import pytest

from regraft.adapt.views import View
from regraft.finetune.augment import LADDERS, Variety, measure, mix, propose, together, views_of
from regraft.finetune.paired import may_be_beaten


def test_views_are_within_the_amplitudes():
    variety = Variety(shift=0.1, degrees=10.0, zoom=0.2, mirror=True)
    views = variety.draw(200, np.random.default_rng(0))
    assert max(abs(view.down) for view in views) <= 0.1
    assert max(abs(view.degrees) for view in views) <= 10
    assert 0.8 <= min(view.zoom for view in views) <= max(view.zoom for view in views) <= 1.2
    assert 60 < sum(view.mirrored for view in views) < 140


def test_one_kind_does_not_change_what_another_draws():
    one = Variety(shift=0.1).draw(5, np.random.default_rng(0))
    two = Variety(shift=0.1, degrees=5.0).draw(5, np.random.default_rng(0))
    assert [view.down for view in one] == [view.down for view in two]


def test_no_variety_leaves_pictures_as_they_are():
    assert Variety().draw(3, np.random.default_rng(0)) == [View()] * 3
    assert Variety().is_none
    assert str(Variety()) == "not varied"


def rightly_unless(hurts, *, n=400):
    """A head that is right about nine in ten, and wrong about half of what `hurts` says."""
    clean = np.arange(n) % 10 != 0

    def rightly(views):
        harmed = np.array([hurts(view) for view in views])
        return clean & ~(harmed & (np.arange(n) % 2 == 0))

    return rightly


def test_what_changes_the_class_is_not_used():
    chosen, tried = propose(rightly_unless(lambda view: view.mirrored), 400, guessed=0.1, seed=0)
    assert not chosen.mirror
    assert chosen.shift == LADDERS[0][0].shift
    costs = {str(each.variety): each for each in tried}
    assert costs["mirrored"].cost > 0.1
    assert not costs["mirrored"].keeps_classes


def test_a_weaker_variation_is_tried_where_the_strong_one_costs():
    chosen, _ = propose(
        rightly_unless(lambda view: abs(view.degrees) > 8), 400, guessed=0.1, seed=0
    )
    assert chosen.degrees == LADDERS[1][1].degrees
    assert chosen.mirror


def test_a_head_that_does_not_know_left_from_right_is_not_asked_about_mirrors():
    """Hands: right about six in ten, where one of two is named by guessing."""
    right = np.arange(400) % 10 < 6
    chosen, tried = propose(lambda views: right[: len(views)], 400, guessed=0.5, seed=0)
    assert not chosen.mirror
    assert not any(each.variety.mirror for each in tried)
    assert propose(lambda views: right[: len(views)], 400, guessed=0.1, seed=0)[0].mirror


@pytest.mark.parametrize(
    ("n", "wrong", "expected"), [(210, 3, False), (210, 4, True), (9, 9, True)]
)
def test_a_head_with_few_mistakes_cannot_be_beaten_beyond_noise(n, wrong, expected):
    assert may_be_beaten(np.arange(n) >= wrong) is expected


def losing(lost, n, variety):
    """A variation by which so many of n pictures are no longer classified rightly."""
    clean, varied = np.ones(n, bool), np.ones(n, bool)
    varied[:lost] = False
    return measure(variety, clean, varied)


@pytest.mark.parametrize(
    ("n", "lost", "kept"),
    [
        pytest.param(500, 4, True, id="within-what-is-tolerated"),
        pytest.param(500, 9, True, id="within-noise"),
        pytest.param(500, 25, False, id="beyond"),
        pytest.param(20, 1, True, id="too-few-to-know"),
    ],
)
def test_a_cost_counts_beyond_noise(n, lost, kept):
    tried = losing(lost, n, Variety(shift=0.1))
    assert tried.cost == lost / n
    assert tried.keeps_classes is kept


@pytest.mark.parametrize(
    ("n", "lost", "kept"),
    [
        pytest.param(500, 4, True, id="harmless"),
        pytest.param(20, 0, False, id="too-few-to-know"),
        pytest.param(60, 3, False, id="may-well-cost-too-much"),
    ],
)
def test_that_a_mirror_keeps_classes_must_be_shown(n, lost, kept):
    assert losing(lost, n, Variety(mirror=True)).keeps_classes is kept


def test_varieties_join():
    joined = together([Variety(shift=0.1), Variety(shift=0.05, mirror=True), Variety(zoom=0.1)])
    assert joined == Variety(shift=0.1, zoom=0.1, mirror=True)


def test_views_to_average_are_those_of_training():
    assert views_of(Variety(degrees=10.0)) == (View(),)
    assert len(views_of(Variety(shift=0.1))) == 5
    assert views_of(Variety(mirror=True))[1].mirrored


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_mixtures_keep_targets_in_proportion(dtype):
    x = np.zeros((4, 2, 2, 1), dtype)
    x[2:] = 200
    y = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    for seed in range(5):
        mixed, targets = mix(x, y, np.random.default_rng(seed))
        assert mixed.dtype == dtype
        assert np.allclose(targets.sum(axis=1), 1)
        assert np.allclose(mixed[:, 0, 0, 0] / 200, targets[:, 1], atol=1 / 200)

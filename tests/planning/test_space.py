import pytest

from regraft.backbones.table import BACKBONES, get
from regraft.planning.space import (
    MAX_FEATURES,
    depth,
    joined,
    macs,
    n_features,
    requests_for,
    single,
    sizes_for,
)

LITE, VGG = get("efficientnet_lite0"), get("vgg16")


@pytest.mark.parametrize("side", [16, 28, 64, 100, 500])
@pytest.mark.parametrize("row", BACKBONES, ids=lambda row: row.name)
def test_every_backbone_has_sizes_it_takes(row, side):
    sizes = sizes_for(row, side)
    assert sizes
    assert min(sizes) >= row.smallest_size


def test_digits_are_enlarged_a_little_and_photographs_shrunk_a_little():
    assert sizes_for(LITE, 28) == (32, 48, 64, 96)
    assert sizes_for(LITE, 500) == (96, 128, 160, 192, 224)


def test_grids_fit_the_map_and_the_bound():
    for tap, grid in requests_for(VGG, 96):
        assert grid == 1 or grid <= 96 // VGG.tap(tap).stride
        assert grid**2 * VGG.tap(tap).channels <= MAX_FEATURES
    assert ("block5_pool", 3) in requests_for(VGG, 96)  # the map as it is


def test_what_the_user_names_is_all_there_is():
    assert requests_for(VGG, 64, taps=["block3_pool"], grids=[3, 40]) == (("block3_pool", 3),)


def test_pairs_are_of_different_taps_the_shallow_one_first():
    singles = [single(LITE, 64, r) for r in (("top_relu", 1), ("top_relu", 2), ("block4c_add", 2))]
    (both,) = joined(singles)
    assert both.requests == (("block4c_add", 2), ("top_relu", 1))
    assert n_features(both) == 4 * 80 + 1280
    assert depth(both) == len(LITE.taps) - 1
    assert macs(both) == LITE.macs("top_relu", 64)


def test_stages_are_stacked_by_their_best_taps():
    names = ("block5c_add", "block5b_add", "block3b_add", "block4c_add", "block2b_add")
    plans = joined([single(LITE, 64, (name, 2)) for name in names])
    assert len(plans) == len({plan.requests for plan in plans}) == 6 + 2
    assert [plan.taps for plan in plans[6:]] == [
        ("block3b_add", "block4c_add", "block5c_add"),
        ("block2b_add", "block3b_add", "block4c_add", "block5c_add"),
    ]


def test_one_tap_is_beside_nothing():
    assert joined([single(LITE, 64, ("block4c_add", grid)) for grid in (2, 1)]) == []


def test_taps_too_wide_for_the_head_together_are_left_out():
    assert joined([single(VGG, 64, (f"block{i}_pool", 4)) for i in (4, 3)]) == []

from types import SimpleNamespace

import numpy as np
import pytest

from regraft.backbones.table import BACKBONES, get
from regraft.errors import InvalidArgumentError
from regraft.planning.default import choose, typical_side


class Pictures(SimpleNamespace):
    """As much of an `ImageSet` as a plan needs."""

    def __len__(self):
        return 100


def pictures_of(*sides):
    return Pictures(
        uniform_shape=None,
        each=lambda rows, change: [
            change(np.zeros((1, sides[row % len(sides)], 3), np.uint8)) for row in rows
        ],
    )


def arrays_of(side):
    return Pictures(uniform_shape=(side, side - 1, 1))


def test_digits_are_read_in_the_middle_on_a_grid():
    choice = choose(arrays_of(28))
    assert (choice.row.name, choice.size, choice.requests) == (
        "efficientnet_lite0",
        64,
        (("block5c_add", 4),),
    )


def test_photographs_are_read_at_the_end():
    choice = choose(pictures_of(500))
    assert (choice.size, choice.taps, choice.grids) == (224, (choice.row.default_tap,), (1,))


def test_a_picture_in_between_is_not_enlarged_much():
    assert choose(pictures_of(150)).size == 160
    assert choose(pictures_of(100)).size == 128


def test_a_costly_backbone_gets_smaller_pictures():
    choice = choose(arrays_of(28), backbone="vgg16")
    assert (choice.size, choice.requests) == (32, (("block3_pool", 2),))


def test_what_is_named_is_kept():
    choice = choose(
        arrays_of(28), backbone="vgg16", size=48, taps=("block3_pool", "block4_pool"), grids=(3,)
    )
    assert choice.requests == (("block3_pool", 3), ("block4_pool", 3))
    assert choice.size == 48


@pytest.mark.parametrize("side", [28, 100, 500])
@pytest.mark.parametrize("row", BACKBONES, ids=lambda row: row.name)
def test_every_backbone_has_a_plan(row, side):
    choice = choose(arrays_of(side), backbone=row.name)
    row.check_size(choice.size)
    for tap, grid in choice.requests:
        assert 1 <= grid <= max(1, choice.size // row.tap(tap).stride)


def test_the_typical_side_is_the_median():
    assert typical_side(pictures_of(10, 20, 1000)) == 20
    assert typical_side(arrays_of(28)) == 28


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"backbone": "vgg61"}, "vgg16", id="backbone"),
        pytest.param({"taps": ("block9_pool",)}, "block", id="tap"),
        pytest.param({"taps": ()}, "none", id="no-tap"),
        pytest.param({"taps": ("top_relu", "top_relu")}, "different", id="twice"),
        pytest.param({"size": 31}, "at least 32", id="size"),
        pytest.param({"grids": (1, 2)}, "one a tap", id="too-many-grids"),
        pytest.param({"grids": (0,)}, "at least 1", id="grid-of-zero"),
        pytest.param({"grids": ()}, "none", id="no-grid"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(InvalidArgumentError, match=message):
        choose(arrays_of(28), **changes)


def test_the_default_backbone_ships_with_the_package():
    assert get("efficientnet_lite0").weights.url == ""

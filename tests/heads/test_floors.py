import numpy as np
import pytest

from regraft.data.open import open_data
from regraft.data.split import split_rows
from regraft.heads.floors import floors, nearest_rows


def stripes(n, shape, seed=0):
    """Bright rows or bright columns, at random places: three quarters of the first kind."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(n) < 0.25).astype(np.int64)
    pictures = generator.integers(0, 60, (n, *shape), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        if label:
            picture[:, shape[1] // 2] = 255
        else:
            picture[shape[0] // 2] = 255
    return pictures, labels


@pytest.mark.parametrize(
    "shape",
    [pytest.param((9, 12, 1), id="small-gray"), pytest.param((50, 40, 3), id="larger-colour")],
)
def test_floors_of_easy_pictures(shape):
    images = open_data(stripes(400, shape))
    split = split_rows(images, seed=0)
    lowest = floors(images, split, seed=0)
    assert set(lowest) == {"majority_class", "nearest_neighbour", "raw_pixel_linear"}
    assert lowest["majority_class"] == pytest.approx(0.75, abs=0.05)
    assert lowest["nearest_neighbour"] > 0.95
    assert lowest["raw_pixel_linear"] > 0.95


def test_nearest_rows_equal_a_slow_search():
    generator = np.random.default_rng(0)
    known = generator.normal(size=(40, 5)).astype(np.float32)
    asked = generator.normal(size=(30, 5)).astype(np.float32)
    slow = [np.square(known - row).sum(axis=1).argmin() for row in asked]
    np.testing.assert_array_equal(nearest_rows(known, asked), slow)

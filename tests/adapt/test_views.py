import numpy as np
import pytest

from regraft.adapt.views import AS_IT_IS, View, seen, seen_each


def picture(dtype=np.uint8, shape=(10, 12, 3)):
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_as_it_is_changes_nothing(dtype):
    x = picture(dtype)
    assert np.array_equal(seen(x, AS_IT_IS), x)


def test_moved_by_whole_pixels():
    x = picture()
    moved = seen(x, View(down=2 / 10, right=3 / 12))
    assert np.array_equal(moved[2:, 3:], x[:-2, :-3])
    assert np.array_equal(moved[0], moved[2])  # the border is repeated


def test_a_quarter_turn_is_counter_clockwise():
    x = picture(shape=(9, 9, 1))
    assert np.array_equal(seen(x, View(degrees=90)), np.rot90(x))


def test_mirrored():
    x = picture()
    assert np.array_equal(seen(x, View(mirrored=True)), x[:, ::-1])


def test_nearer_keeps_the_centre_and_enlarges():
    x = np.zeros((21, 21, 1), np.float32)
    x[8:13, 8:13] = 200
    near = seen(x, View(zoom=2.0))
    assert near[10, 10] == 200
    assert 3.5 < near.sum() / x.sum() < 4.5


def test_bytes_stay_bytes_and_floats_floats():
    views = [View(degrees=10), View(zoom=1.1)]
    for dtype in (np.uint8, np.float32):
        batch = np.stack([picture(dtype), picture(dtype)])
        result = seen_each(batch, views)
        assert result.dtype == dtype
        assert result.shape == batch.shape
        assert np.array_equal(result[1], seen(batch[1], views[1]))


@pytest.mark.parametrize(("down", "right"), [(0.04, 0.0), (-0.04, 0.0), (0.0, 0.3), (-0.5, 0.11)])
def test_moved_together_they_are_as_moved_one_by_one(down, right):
    generator = np.random.default_rng(0)
    pictures = generator.uniform(0, 255, (3, 20, 17, 3)).astype(np.float32)
    view = View(down=down, right=right)
    together = seen_each(pictures, [view] * 3)
    assert together.dtype == np.float32
    one_by_one = np.stack([seen(picture, view) for picture in pictures])
    assert together == pytest.approx(one_by_one, abs=1e-3)
    assert np.array_equal(seen_each(pictures, [View()] * 3), pictures)

import numpy as np
import pytest

from regraft.diagnose.conventions import CONVENTIONS, UNIT, conversion
from regraft.diagnose.probe.pixels import as_bytes, neighbour_correlation, pixel_stats

#: Conventions that are the same map, or nearly: the simpler name is the answer.
SINGLE = [name for name in CONVENTIONS if "-of-" not in name]
DOUBLE = [name for name in CONVENTIONS if "-of-" in name]


def photographs(n=48, side=24):
    """Smooth colour pictures that use the whole range, as bytes."""
    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[0:side, 0:side] / side
    waves = np.zeros((n, side, side, 3))
    for _ in range(4):
        a, b, phase = rng.uniform(-5, 5, (3, n, 1, 1, 3))
        waves += np.sin(a * rows[None, ..., None] + b * columns[None, ..., None] + phase)
    waves += rng.normal(0, 0.15, waves.shape)
    low, high = waves.min((1, 2, 3), keepdims=True), waves.max((1, 2, 3), keepdims=True)
    return np.rint((waves - low) / (high - low) * 255).astype(np.uint8)


def applied(pictures, name):
    affine = CONVENTIONS[name]
    x = pictures[..., list(affine.order)].astype(np.float32)
    return x * np.asarray(affine.scale, np.float32) + np.asarray(affine.offset, np.float32)


@pytest.fixture(scope="module")
def gray(digits):
    return np.repeat(digits["x_train"][:64, ..., None], 3, axis=-1)


@pytest.mark.parametrize("name", SINGLE)
def test_photographs_in_every_single_convention(name):
    assert pixel_stats(applied(photographs(), name)).convention == name


@pytest.mark.parametrize("name", SINGLE)
def test_digits_in_every_single_convention(gray, name):
    assert pixel_stats(applied(gray, name)).convention == name


@pytest.mark.parametrize("name", DOUBLE)
@pytest.mark.parametrize("kind", ["photographs", "digits"])
def test_twice_scaled_pictures_are_recognised_in_range(gray, kind, name):
    pictures = photographs() if kind == "photographs" else gray
    x = applied(pictures, name)
    stats = pixel_stats(x)
    assert stats.convention
    # another name may be the same map for these pictures; what it undoes must be the bytes
    wrong = np.abs(as_bytes(x, stats.convention).astype(int) - pictures)
    assert wrong.mean() < 2


@pytest.mark.parametrize("name", ["byte", "unit", "signed", "lite"])
def test_one_channel_is_enough(digits, name):
    x = digits["x_train"][:64, ..., None].astype(np.float32)
    affine = CONVENTIONS[name]
    stats = pixel_stats(x * affine.scale[0] + affine.offset[0])
    assert (stats.convention, stats.channels) == (name, 1)


def test_bytes_come_back_exactly(gray):
    for name in SINGLE:
        np.testing.assert_array_equal(as_bytes(applied(gray, name), name), gray)


def test_what_is_measured(gray):
    stats = pixel_stats(gray)
    assert (stats.n_images, stats.height, stats.width, stats.channels) == (64, 28, 28, 3)
    assert (stats.low, stats.high) == (0, 255)
    assert stats.whole_numbers == 1
    assert stats.distinct == 64
    assert stats.misfit < 0.05
    assert stats.neighbour_correlation > 0.8


def test_copies_of_one_picture_are_counted_once(gray):
    assert pixel_stats(np.repeat(gray[:1], 9, axis=0)).distinct == 1


@pytest.mark.parametrize("scale", [1e4, 1 / 255**2 / 9], ids=["huge", "nearly nothing"])
def test_no_convention_has_such_values(scale):
    assert pixel_stats(photographs() * scale).convention == ""


def test_dark_pictures_are_unknown_or_told_by_their_whole_numbers():
    dark = photographs() // 12  # 0 to 21
    assert pixel_stats(dark.astype(np.float32)).convention == ""


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (4, 8, 8, 2), (4, 8, 8), (4, 512)])
def test_what_is_no_picture(shape):
    assert pixel_stats(np.zeros(shape)) is None


def test_values_that_are_no_numbers_do_not_stop_it(gray):
    x = gray.astype(np.float32)
    x[0, 0, 0, 0] = np.nan
    assert pixel_stats(x).convention == "byte"


def test_scrambling_shows_in_the_neighbours(gray):
    plain = neighbour_correlation(photographs())
    assert plain > 0.8
    shuffled = np.random.default_rng(0).permutation(photographs().reshape(48, -1), axis=1)
    assert abs(neighbour_correlation(shuffled.reshape(48, 24, 24, 3))) < 0.2
    assert neighbour_correlation(np.full((4, 8, 8, 1), 7)) == 1
    assert neighbour_correlation(photographs()[..., 0]) == pytest.approx(plain, abs=0.05)


def test_a_conversion_leads_from_one_convention_to_another():
    back = conversion("unit", "caffe")
    x = applied(photographs(), "unit")[..., list(back.order)]
    got = x * np.asarray(back.scale) + np.asarray(back.offset)
    np.testing.assert_allclose(got, applied(photographs(), "caffe"), atol=1e-3)
    assert UNIT.after(UNIT.inverse()).scale == pytest.approx((1, 1, 1))


def test_what_is_no_number_is_counted():
    pictures = photographs().astype(np.float32)
    assert pixel_stats(pictures).finite == 1
    pictures[:, 0, 0], pictures[:, 1, 0] = np.nan, np.inf
    stats = pixel_stats(pictures)
    assert stats.finite == pytest.approx(1 - 2 / 24**2)
    assert stats.convention == "byte"  # of the others

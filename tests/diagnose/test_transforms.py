import numpy as np
import pytest

from regraft.diagnose.agent.transforms import TRANSFORMS, cut_to_content, magnify


@pytest.fixture(scope="module")
def some(digits):
    return digits["x_test"][:8, ..., None]


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_range_are_kept(some, name, channels):
    pictures = np.repeat(some, channels, axis=-1) / 255.0
    changed = TRANSFORMS[name](pictures)
    assert changed.shape == pictures.shape
    assert changed.min() > -0.01
    assert changed.max() < 1.01


def test_what_was_made_small_is_enlarged_again(some):
    small = magnify(some, 0.5)
    again = magnify(small, 2.0)
    assert np.corrcoef(again.ravel(), some.ravel().astype(float))[0, 1] > 0.8
    assert small[:, :7].max() == 0


def test_a_picture_made_smaller_keeps_its_border():
    white = np.full((2, 28, 28, 3), 255, np.uint8)
    assert magnify(white, 0.7).min() > 254


def test_content_fills_the_picture():
    pictures = np.zeros((1, 20, 20, 1), np.float32)
    pictures[0, 5:9, 12:16] = 1.0
    np.testing.assert_allclose(cut_to_content(pictures), 1.0, atol=1e-5)


def test_an_empty_picture_stays_as_it_is():
    np.testing.assert_allclose(cut_to_content(np.full((1, 8, 8, 1), 3.0)), 3.0, atol=1e-5)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regraft.adapt.resize import resize_stack
from regraft.diagnose.probe.layouts import layouts, likely_layout, relaid


@pytest.fixture(scope="module")
def pictures(digits):
    """Smooth colour pictures of any size, (40, height, width, 3)."""
    gray = digits["x_train"][:40, ..., None].astype(np.float32)
    tint = np.array([1.0, 0.6, 0.3], np.float32)

    def of(height, width):
        return resize_stack(gray, height=height, width=width) * tint + 20 * tint[::-1]

    return of


@pytest.mark.parametrize(("height", "width"), [(28, 28), (40, 28), (24, 36), (64, 64)])
def test_pictures_stay_as_they_are(pictures, height, width):
    x = pictures(height, width)
    assert likely_layout(x) == ""
    assert likely_layout(x[..., :1]) == ""
    assert likely_layout(x.transpose(0, 2, 1, 3)) == ""
    assert likely_layout(x[:, ::-1]) == ""


@pytest.mark.parametrize(("height", "width"), [(40, 28), (24, 36), (48, 64)])
def test_height_and_width_exchanged(pictures, height, width):
    x = pictures(height, width)
    wrong = x.reshape(len(x), width, height, 3)
    assert likely_layout(wrong) == f"{height} x {width}"
    assert np.array_equal(relaid(wrong, f"{height} x {width}"), x)


def test_channels_first_read_as_last(pictures):
    x = pictures(36, 36)
    wrong = x.transpose(0, 3, 1, 2).reshape(x.shape)
    assert likely_layout(wrong) == "channels first"
    assert np.array_equal(relaid(wrong, "channels first"), x)


def test_channels_last_read_as_first(pictures):
    x = pictures(36, 36)
    wrong = x.reshape(len(x), 3, 36, 36).transpose(0, 2, 3, 1)
    assert likely_layout(wrong) == "channels last"
    assert np.array_equal(relaid(wrong, "channels last"), x)


def test_noise_and_blank_pictures_have_no_layout():
    noise = np.random.default_rng(0).random((20, 24, 36, 3))
    assert likely_layout(noise) == likely_layout(np.zeros((20, 24, 36, 3))) == ""
    assert likely_layout(np.zeros((0, 24, 36, 3))) == ""
    assert likely_layout(noise[..., :2]) == ""


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))
def test_every_layout_keeps_all_numbers(height, width, channels):
    x = np.arange(2 * height * width * channels).reshape(2, height, width, channels)
    for name in layouts(height, width, channels):
        other = relaid(x, name)
        assert np.array_equal(np.sort(other.reshape(2, -1)), np.sort(x.reshape(2, -1)))
        assert other.shape[-1] == channels

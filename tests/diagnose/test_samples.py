"""Pictures in whatever shape a script gives them."""

import numpy as np
import pytest

from regraft.diagnose.agent import samples


@pytest.fixture
def pictures(digits):
    return digits["x_train"][:80]


def test_flattened_pictures_are_pictures(pictures):
    flat = samples.as_pictures(pictures.reshape(80, 784) / 255)
    np.testing.assert_array_equal(flat, pictures[..., None] / 255)
    colours = np.repeat(pictures[..., None], 3, axis=-1)
    np.testing.assert_array_equal(samples.as_pictures(colours.reshape(80, -1)), colours)


@pytest.mark.parametrize("width", [1024, 784, 512, 3072])
def test_features_are_no_pictures(width):
    features = np.maximum(np.random.default_rng(0).normal(size=(80, width)), 0)
    assert samples.as_pictures(features) is features
    assert samples.changed(features, np.negative) is None


@pytest.mark.parametrize("shape", [(80, 784), (80, 28, 28), (80, 28, 28, 1)])
def test_pictures_are_changed_in_the_shape_they_have(pictures, shape):
    changed = samples.changed(pictures.reshape(shape), lambda x: x[:, ::-1])
    np.testing.assert_array_equal(changed, pictures[:, ::-1].reshape(shape))

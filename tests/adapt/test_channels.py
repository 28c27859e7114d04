import numpy as np
import pytest

from regraft.adapt.channels import as_rgb, as_rgb_in_graph
from regraft.errors import InvalidArgumentError

GRAY = np.arange(24, dtype=np.float32).reshape(2, 3, 4, 1)


def test_as_rgb_repeats_gray():
    np.testing.assert_array_equal(as_rgb(GRAY), np.concatenate([GRAY] * 3, axis=-1))


def test_as_rgb_returns_colour_as_it_is():
    colour = np.zeros((2, 2, 3), np.uint8)
    assert as_rgb(colour) is colour


def test_as_rgb_in_graph_equals_numpy():
    import keras

    inputs = keras.Input(GRAY.shape[1:])
    model = keras.Model(inputs, as_rgb_in_graph(inputs))
    np.testing.assert_array_equal(np.asarray(model(GRAY)), as_rgb(GRAY))


def test_other_channel_counts_are_refused():
    with pytest.raises(InvalidArgumentError, match="1 or 3 channels"):
        as_rgb(np.zeros((2, 2, 4)))

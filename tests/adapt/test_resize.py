import numpy as np
import pytest
from PIL import Image

from regraft.adapt.resize import resize, resize_in_graph, resize_matrix, resize_stack
from regraft.errors import InvalidArgumentError

SIZES = [
    pytest.param((28, 28), (32, 32), id="enlarge"),
    pytest.param((97, 61), (32, 48), id="shrink-unevenly"),
    pytest.param((40, 20), (30, 64), id="shrink-and-enlarge"),
    pytest.param((480, 640), (224, 224), id="photograph"),
    pytest.param((16, 16), (16, 16), id="unchanged"),
    pytest.param((1, 5), (7, 1), id="one-pixel-sides"),
]


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def slow_resize(picture, height, width):
    """The definition, in float64, one axis after the other, matrices whole."""
    rows = resize_matrix(picture.shape[0], height).astype(np.float64)
    columns = resize_matrix(picture.shape[1], width).astype(np.float64)
    return np.einsum("Hh,hwc,Ww->HWc", rows, picture.astype(np.float64), columns, optimize=True)


@pytest.mark.parametrize("n_in", [1, 2, 28, 97])
@pytest.mark.parametrize("n_out", [1, 3, 28, 64])
def test_resize_matrix_has_weights_that_sum_to_one(n_in, n_out):
    matrix = resize_matrix(n_in, n_out)
    assert matrix.shape == (n_out, n_in)
    assert matrix.min() >= 0
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(matrix, matrix[::-1, ::-1], atol=1e-6)  # no side is preferred


def test_resize_matrix_of_equal_sizes_is_the_identity():
    np.testing.assert_array_equal(resize_matrix(9, 9), np.eye(9, dtype=np.float32))


def test_resize_matrix_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        resize_matrix(4, 2)[0, 0] = 1


def test_resize_matrix_refuses_no_pixels():
    with pytest.raises(InvalidArgumentError, match="at least 1 pixel; received 0 resized to 4"):
        resize_matrix(0, 4)


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_resize_equals_the_definition(before, after, channels):
    picture = noise((*before, channels))
    resized = resize(picture, height=after[0], width=after[1])
    assert resized.dtype == np.float32
    assert resized.shape == (*after, channels)
    np.testing.assert_allclose(resized, slow_resize(picture, *after), atol=1e-5 * 255)


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_resize_in_graph_equals_numpy(before, after, channels):
    import keras

    pictures = noise((2, *before, channels))
    inputs = keras.Input(pictures.shape[1:], dtype="uint8")
    model = keras.Model(inputs, resize_in_graph(inputs, height=after[0], width=after[1]))
    in_graph = np.asarray(model(pictures))
    in_numpy = np.stack([resize(picture, height=after[0], width=after[1]) for picture in pictures])
    assert in_graph.dtype == np.float32
    np.testing.assert_allclose(in_graph, in_numpy, atol=1e-5 * 255)


@pytest.mark.parametrize(("before", "after"), SIZES)
def test_resize_stack_equals_one_by_one(before, after):
    pictures = noise((3, *before, 3))
    one_by_one = [resize(p, height=after[0], width=after[1]) for p in pictures]
    stack = resize_stack(pictures, height=after[0], width=after[1])
    np.testing.assert_allclose(stack, np.stack(one_by_one), atol=1e-3)


@pytest.mark.parametrize(("before", "after"), SIZES)
def test_resize_is_tensorflows_antialiased_bilinear(before, after):
    import tensorflow as tf

    picture = noise((*before, 3))
    theirs = tf.image.resize(picture, after, method="bilinear", antialias=True).numpy()
    ours = resize(picture, height=after[0], width=after[1])
    assert np.abs(ours - theirs).max() < 0.01


@pytest.mark.parametrize(("before", "after"), SIZES)
def test_resize_is_pillows_bilinear_up_to_its_rounding_to_bytes(before, after):
    picture = noise((*before, 3))
    theirs = Image.fromarray(picture).resize(after[::-1], Image.Resampling.BILINEAR)
    ours = resize(picture, height=after[0], width=after[1])
    # Pillow rounds after each pass: half a step for the first, smoothed, and half for the second
    assert np.abs(ours - np.asarray(theirs, np.float32)).max() < 1.01


def test_resize_takes_floats_and_leaves_them_alone():
    picture = noise((9, 7, 1)).astype(np.float32)
    before = picture.copy()
    resize(picture, height=4, width=4)
    np.testing.assert_array_equal(picture, before)


def test_resize_refuses_a_batch():
    with pytest.raises(InvalidArgumentError, match=r"one picture \(h, w, c\); received"):
        resize(noise((2, 4, 4, 1)), height=2, width=2)

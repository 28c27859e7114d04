"""Draws of a script's own in a `map`, with the switch on and off."""

import numpy as np
import pytest
import tensorflow as tf

from regraft.diagnose.agent import augmentation
from regraft.diagnose.agent.hooks import cropping

GENERATOR = tf.random.Generator.from_seed(1)
DRAWS = {
    "uniform": (lambda: tf.random.uniform((4,), -3.0, 3.0), 0.0),
    "a factor": (lambda: tf.random.uniform((4,), 0.8, 1.2), 1.0),
    "a chance": (lambda: tf.random.uniform((4,)), 0.5),
    "turns": (lambda: tf.random.uniform((4,), 0, 4, tf.int32), 0),
    "a shift": (lambda: tf.random.uniform((4,), -3, 4, tf.int32), 0),
    "any whole number": (
        lambda: tf.random.stateless_uniform((4,), (1, 2), None, None, tf.int32), 0
    ),
    "normal": (lambda: tf.random.normal((4,), 2.0), 2.0),
    "of a generator": (lambda: GENERATOR.normal((4,)), 0.0),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def hooked():
    """TensorFlow with its draws switched, and as it was afterwards."""
    places = (tf.image, tf.random, tf.random.Generator)
    kept = [(place, dict(vars(place))) for place in places]
    augmentation.hook_draws(tf)
    yield
    for place, names in kept:
        for name in augmentation.DRAWS:
            if name in names:
                setattr(place, name, names[name])


@pytest.mark.parametrize(("draw", "still"), DRAWS.values(), ids=DRAWS)
def test_a_draw_that_is_switched_off_changes_least(draw, still):
    numbers = tf.data.Dataset.range(3)
    with augmentation.inside_map() as is_random:
        drawn = numbers.map(lambda _: draw())
    assert is_random()
    with augmentation.switched_off():
        off = np.stack(list(drawn.as_numpy_iterator()))
    np.testing.assert_allclose(off, np.full((3, 4), still), atol=1e-6)
    on = np.stack(list(drawn.as_numpy_iterator()))
    assert (on != off).any()


def test_two_draws_are_not_the_same():
    tf.random.set_seed(1)
    with augmentation.inside_map():
        pairs = tf.data.Dataset.range(8).map(
            lambda _: (tf.random.uniform(()), tf.random.uniform(()))
        )
    first, second = zip(*pairs.as_numpy_iterator(), strict=True)
    assert not np.allclose(first, second)


def test_outside_of_a_map_a_draw_is_what_it_was():
    with augmentation.switched_off():
        assert len(np.unique(tf.random.uniform((9,)))) == 9


def test_a_function_without_chance_is_not_random():
    with augmentation.inside_map() as is_random:
        tf.data.Dataset.range(3).map(lambda n: n + 1)
    assert not is_random()


@pytest.mark.parametrize("rank", [3, 4])
def test_a_cut_at_random_that_is_switched_off_shows_the_whole(rank):
    image = np.arange(3 * 64, dtype=np.uint8).reshape(8, 8, 3)
    image = image if rank == 3 else image[None]
    cut = cropping._cut_at_random(tf, tf.image.random_crop)
    size = [*image.shape[:-3], 4, 4, 3]
    with augmentation.inside_map() as is_random:
        data = tf.data.Dataset.from_tensors(image).map(lambda x: cut(x, size))
    assert is_random()
    with augmentation.switched_off():
        whole = np.asarray(cut(image, size))
        np.testing.assert_array_equal(next(data.as_numpy_iterator()), whole)
    assert whole.shape == tuple(size)
    assert abs(float(whole.mean()) - image.mean()) < 1
    assert int(whole[..., 0, 0, 0].min()) < 20 < 170 < int(whole[..., -1, -1, 2].max())
    assert np.isin(np.asarray(cut(image, size)), image).all()


@pytest.mark.parametrize("in_map", [True, False])
def test_a_random_crop_that_is_switched_off_still_sets_the_size(in_map):
    from keras.layers import RandomCrop

    image = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    call = augmentation._switched_crop(tf, RandomCrop.call)
    layer = RandomCrop(4, 4, seed=0)
    middle = RandomCrop.call(layer, image, training=False)
    with augmentation.switched_off():
        if in_map:
            data = tf.data.Dataset.from_tensors(image)
            with augmentation.inside_map():
                data = data.map(lambda x: call(layer, x, training=True))
            off = next(data.as_numpy_iterator())
        else:
            off = call(layer, image, training=True)
    np.testing.assert_allclose(off, middle)
    assert call(layer, image, training=True).shape == (1, 4, 4, 1)

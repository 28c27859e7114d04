import keras
import numpy as np
import pytest
import tensorflow as tf

from regraft.diagnose.agent import anatomy
from regraft.diagnose.agent.in_model import at_first_weights, changed

PICTURES = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype(np.float32)


def network(*before, layers):
    inputs = keras.Input((16, 16, 3))
    x = inputs
    for layer in (*before, *layers):
        x = layer(x)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))


def test_what_reaches_the_layers_was_scaled_before():
    brightness = keras.layers.RandomBrightness(0.2, value_range=(0, 255), seed=0)
    plain, after = changed(
        network(keras.layers.Rescaling(1 / 127.5, -1), layers=[brightness]), [brightness], PICTURES
    )
    assert plain.min() >= -1
    assert plain.max() <= 1
    assert after.max() > 10  # tens, where the pictures span two


def test_layers_in_a_model_of_their_own_are_seen_together():
    flip = keras.layers.RandomFlip("horizontal", seed=0)
    contrast = keras.layers.RandomContrast(0.5, value_range=(0, 255), seed=0)
    both = keras.Sequential([flip, contrast])
    model = network(layers=[both])
    plain, after = changed(model, [flip, contrast], PICTURES)
    assert np.array_equal(plain, PICTURES)
    assert not np.allclose(after, PICTURES)
    assert not np.allclose(after, PICTURES[:, :, ::-1])


def test_the_layers_are_left_as_they_were():
    flip = keras.layers.RandomFlip("horizontal", seed=0)
    model = network(layers=[flip])
    changed(model, [flip], PICTURES)
    assert "call" not in vars(flip)
    assert model(PICTURES, training=False).shape == (8, 2)


def test_noise_on_features_is_no_change_of_pictures():
    noise = keras.layers.GaussianNoise(1.0)
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, noise(keras.layers.Flatten()(inputs)))
    assert changed(model, [noise], PICTURES) is None


def test_what_is_behind_the_last_such_layer_is_gone_through_once():
    asked = []

    class Counting(keras.layers.Layer):
        def call(self, x):
            asked.append(x.shape[0])
            return x

    flip, noise = keras.layers.RandomFlip(seed=0), keras.layers.GaussianNoise(1.0)
    inputs = keras.Input((16, 16, 3))
    features = Counting()(keras.layers.Flatten()(flip(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(2)(noise(features)))
    asked.clear()
    plain, after = changed(model, [flip, noise], PICTURES)
    assert len(plain) == len(after) == len(PICTURES)
    assert asked == [2]


class Turned(keras.layers.Layer):
    def call(self, x, training=None):
        return tf.image.rot90(x, 2) if training else x


class Doubled(keras.layers.Layer):
    def call(self, x):
        return x * 2


class Dropped(keras.layers.Layer):
    def call(self, x):
        return x * tf.cast(tf.random.uniform(tf.shape(x)) > 0.5, x.dtype)


LAYERS = {
    "in training only": (Turned, True),
    "at random": (Dropped, True),
    "by a function": (lambda: keras.layers.Lambda(lambda x: tf.image.random_hue(x, 0.4)), True),
    "always": (Doubled, False),
    "a function that scales": (lambda: keras.layers.Lambda(lambda x: x / 255), False),
    "with weights": (lambda: keras.layers.Conv2D(3, 1), False),
    "of Keras": (lambda: keras.layers.RandomFlip("horizontal"), True),
}


@pytest.mark.parametrize(("make", "is_random"), LAYERS.values(), ids=LAYERS)
def test_layers_of_ones_own_that_change_pictures_are_known(make, is_random, monkeypatch):
    monkeypatch.setattr(anatomy, "_VARIES", {})
    layer = make()
    network(layers=[layer])
    assert anatomy.is_random(layer) is is_random
    assert anatomy.is_known_random(layer) is (is_random and type(layer).__name__ != "RandomFlip")
    assert anatomy.is_random(layer) is is_random  # asked again


@pytest.mark.parametrize(
    "make", [Dropped, LAYERS["by a function"][0]], ids=["a-layer", "a-function"]
)
def test_what_is_random_in_inference_too_is_left_out_of_the_plain_pictures(make, monkeypatch):
    monkeypatch.setattr(anatomy, "_VARIES", {})
    layer = make()
    model = network(layers=[layer])
    assert anatomy.is_random(layer)
    assert anatomy.is_always_random(layer)
    plain, after = changed(model, [layer], PICTURES)
    np.testing.assert_array_equal(plain, PICTURES)
    assert not np.array_equal(after, plain)


@pytest.mark.parametrize("make", [Turned, Doubled])
def test_what_is_the_same_in_inference_each_time_is_not(make, monkeypatch):
    monkeypatch.setattr(anatomy, "_VARIES", {})
    layer = make()
    network(layers=[layer])
    anatomy.is_random(layer)
    assert not anatomy.is_always_random(layer)


def test_what_the_first_weights_are_fed():
    model = network(keras.layers.Rescaling(1 / 255), layers=[keras.layers.Conv2D(2, 3)])
    weighted = [layer for layer in anatomy.flat_layers(model) if layer.weights]
    seen = at_first_weights(model, weighted, PICTURES / 255)
    np.testing.assert_allclose(seen, PICTURES / 255**2, atol=1e-6)
    assert model(PICTURES).shape == (8, 2)  # it goes on as before


class Prepared(keras.layers.Layer):
    """Turns pictures over in training, and scales them always."""

    def __init__(self):
        super().__init__()
        self.flip, self.scale = keras.layers.RandomFlip(seed=0), keras.layers.Rescaling(1 / 255)

    def call(self, x, training=None):
        return self.scale(self.flip(x, training=training))


def test_what_a_layer_of_its_own_does_in_inference_too_is_no_change():
    layer = Prepared()
    plain, after = changed(network(layers=[layer]), [layer], PICTURES)
    np.testing.assert_allclose(plain, PICTURES / 255, atol=1e-6)
    assert after.max() <= 1
    assert not np.allclose(plain, after)

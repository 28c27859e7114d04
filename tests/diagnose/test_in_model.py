import keras
import numpy as np

from regraft.diagnose.agent.in_model import changed

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

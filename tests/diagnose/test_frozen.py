"""The frozen part of a model, run once: the same outputs and the same trained head."""

import numpy as np
import pytest

from regraft.diagnose.agent import frozen

pytestmark = pytest.mark.slow

SIDE = 12
X = np.random.default_rng(0).normal(size=(100, SIDE, SIDE, 3)).astype(np.float32)
Y = np.arange(100) % 3


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.fixture
def trunk(keras):
    """A frozen network with statistics of its own."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(6, 3, activation="relu")(inputs)
    x = keras.layers.BatchNormalization()(x)
    shortcut = x
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    x = keras.layers.Add()([x, shortcut])
    network = keras.Model(inputs, keras.layers.MaxPooling2D()(x))
    mean, variance = network.layers[2].moving_mean, network.layers[2].moving_variance
    mean.assign(np.full(6, 0.2))
    variance.assign(np.full(6, 2.0))
    network.trainable = False
    return network


def head(keras, x):
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(8, activation="relu")(x)
    return keras.layers.Dense(3, activation="softmax")(x)


def nested(keras, trunk):
    inputs = keras.Input((SIDE, SIDE, 3))
    scaled = keras.layers.Rescaling(0.5)(inputs)
    return keras.Model(inputs, head(keras, trunk(scaled, training=False)))


def flat(keras, trunk):
    return keras.Model(trunk.input, head(keras, trunk.output))


def sequential(keras, trunk):
    return keras.Sequential([
        keras.Input((SIDE, SIDE, 3)), trunk, keras.layers.Flatten(),
        keras.layers.Dropout(0.0), keras.layers.Dense(3, activation="softmax"),
    ])  # fmt: skip


def partly_frozen(keras, trunk):
    trunk.trainable = True
    for layer in trunk.layers[:-3]:
        layer.trainable = False
    return flat(keras, trunk)


KINDS = pytest.mark.parametrize(
    "build", [nested, flat, sequential, partly_frozen], ids=lambda build: build.__name__
)


@KINDS
def test_both_parts_together_are_the_model(keras, trunk, build):
    model = build(keras, trunk)
    cut = frozen.cut(model)
    whole = np.asarray(model(X, training=False))
    features = frozen.forward(cut.trunk, X)
    np.testing.assert_allclose(np.asarray(cut.rest(features, training=False)), whole, atol=1e-5)
    assert not cut.trunk.trainable_variables
    kept = {id(v) for v in model.trainable_variables}
    assert {id(v) for v in cut.rest.trainable_variables} == kept


@KINDS
def test_the_head_is_trained_to_the_same_weights(keras, trunk, build):
    model = build(keras, trunk)
    start = model.get_weights()

    def trained(network, x):
        model.set_weights(start)
        network.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        network.fit(x, Y, epochs=2, batch_size=20, shuffle=False, verbose=0)
        return model.get_weights()

    whole = trained(model, X)
    cut = frozen.cut(model)
    apart = trained(cut.rest, frozen.forward(cut.trunk, X))
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(whole, start, strict=True))
    for a, b in zip(whole, apart, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("build", [nested, sequential])
def test_layers_thawed_inside_a_network_that_was_frozen_whole_are_trained(keras, trunk, build):
    trunk.layers[4].trainable = True  # trunk.trainable stays as it was, and says there is nothing
    assert not trunk.trainable_variables
    model = build(keras, trunk)
    thawed = {id(v) for v in trunk.layers[4].trainable_variables}
    assert thawed <= {id(v) for v in model.trainable_variables}
    cut = frozen.cut(model)
    assert cut is None or thawed <= {id(v) for v in cut.rest.trainable_variables}


def behind(keras, trunk, layer):
    inputs = keras.Input((SIDE, SIDE, 3))
    return keras.Model(inputs, head(keras, trunk(layer(inputs))))


UPSTREAM = {
    "a random flip": lambda keras: keras.layers.RandomFlip(),
    "dropout": lambda keras: keras.layers.Dropout(0.2),
    "noise": lambda keras: keras.layers.GaussianNoise(0.1),
    "a trained layer": lambda keras: keras.layers.Conv2D(3, 1),
    "statistics that move": lambda keras: keras.layers.BatchNormalization(
        center=False, scale=False
    ),
    "several random layers": lambda keras: keras.Sequential([
        keras.layers.Rescaling(2.0), keras.layers.RandomRotation(0.1)
    ]),
}  # fmt: skip


@pytest.mark.parametrize("make", UPSTREAM.values(), ids=UPSTREAM)
def test_what_may_change_upstream_is_never_cut_off(keras, trunk, make):
    assert frozen.cut(behind(keras, trunk, make(keras))) is None


def test_without_a_frozen_part_there_is_no_cut(keras, trunk):
    trunk.trainable = True
    assert frozen.cut(nested(keras, trunk)) is None


def test_models_that_are_no_graph_are_run_whole(keras, trunk):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.trunk, self.dense = trunk, keras.layers.Dense(3)

        def call(self, x):
            return self.dense(keras.ops.mean(self.trunk(x), axis=(1, 2)))

    model = Own()
    model(X[:2])
    assert frozen.Cuts().of(model) is None


def test_the_cut_follows_what_is_trainable(keras, trunk):
    model, cuts = nested(keras, trunk), frozen.Cuts()
    first = cuts.of(model)
    assert cuts.of(model) is first
    trunk.trainable = True
    assert cuts.of(model) is None
    trunk.trainable = False
    assert cuts.of(model) is not None


def test_a_training_that_was_broken_off_leaves_no_trace(keras, trunk):
    model = nested(keras, trunk)
    model.compile("adam", "sparse_categorical_crossentropy")
    state = frozen.Snapshot(model)
    before = model.get_weights()
    model.fit(X, Y, epochs=1, verbose=0)
    state.restore()
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_what_a_first_step_builds_is_trained_after_one_that_was_broken_off(keras):
    class Projected(keras.Model):
        def __init__(self):
            super().__init__()
            self.body = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Flatten()])
            self.body.add(keras.layers.Dense(4))
            self.projection = keras.layers.Dense(2)  # built by the first step of `train_step`

        def call(self, x):
            return self.body(x)

        def train_step(self, data):
            self.projection(self.body(data[0]))
            weights = self.trainable_variables
            self.optimizer.apply([keras.ops.ones_like(w) for w in weights], weights)
            return {"loss": keras.ops.sum(weights[0])}

    model = Projected()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9))
    state = frozen.Snapshot(model)
    before = np.asarray(model.body.layers[-1].kernel)

    def moved():
        model.fit(X, Y, epochs=1, batch_size=len(X), verbose=0)
        return np.asarray(model.body.layers[-1].kernel) - before

    first = moved()
    state.restore()
    np.testing.assert_allclose(moved(), first, atol=1e-6)  # without the momentum of the first
    np.testing.assert_allclose(first, -0.1, atol=1e-6)


def test_rows_are_computed_once_in_all_replays(keras, trunk, tmp_path, monkeypatch):
    wanted = frozen.forward(trunk, X)
    np.testing.assert_allclose(wanted, np.asarray(trunk(X, training=False)), atol=1e-5)
    np.testing.assert_array_equal(frozen.Store(tmp_path).outputs(trunk, X[:60], ""), wanted[:60])
    computed = []
    forward = frozen.forward
    monkeypatch.setattr(
        frozen, "forward", lambda model, x: computed.append(len(x)) or forward(model, x)
    )
    store = frozen.Store(tmp_path)  # as in the next replay
    np.testing.assert_allclose(store.outputs(trunk, X[40:80], ""), wanted[40:80], atol=1e-6)
    store.outputs(trunk, X[[70, 70, 3]], "")
    assert computed == [20]
    store.outputs(trunk, X[:5], "converted on the way in")
    trunk.layers[1].bias.assign(np.ones(6))
    store.outputs(trunk, X[:5], "")
    assert computed == [20, 5, 5]


def test_outputs_in_bfloat16_are_read_back_as_numbers(tmp_path, trunk, monkeypatch):
    import ml_dtypes

    halves = np.arange(60, dtype=np.float32).reshape(20, 3).astype(ml_dtypes.bfloat16)
    monkeypatch.setattr(frozen, "forward", lambda *_: halves)
    kept = frozen.Store(tmp_path).outputs(trunk, X[:20], "")
    monkeypatch.setattr(frozen, "forward", None)  # another process: only the file is there
    again = frozen.Store(tmp_path).outputs(trunk, X[:20], "")
    assert again.dtype == kept.dtype == np.float32
    np.testing.assert_array_equal(again, kept)

"""What stands at the end of a model, by what it does to numbers."""

import keras
import numpy as np
import pytest

from regraft.diagnose.agent import anatomy, ends


def probabilities(x):
    return keras.ops.softmax(x, axis=-1)


def halves(x):
    return x / 2


ENDS = {
    "in the layer": (lambda x: keras.layers.Dense(5, "relu")(x), "linear", "relu"),
    "a layer": (lambda x: keras.layers.Softmax()(keras.layers.Dense(5)(x)), "linear", "softmax"),
    "an operation": (
        lambda x: keras.ops.sigmoid(keras.layers.Dense(5)(x)), "linear", "sigmoid"
    ),
    "a function": (
        lambda x: keras.activations.softmax(keras.layers.Dense(5)(x)), "linear", "softmax"
    ),
    "one of its own": (
        lambda x: keras.layers.Lambda(probabilities)(keras.layers.Dense(5, "softmax")(x)),
        "softmax", "softmax",
    ),
    "under another name": (
        lambda x: keras.layers.Dense(5, activation=probabilities)(x), "linear", "softmax"
    ),
    "nothing under a name": (
        lambda x: keras.layers.Dense(5, activation=lambda x: x)(x), "linear", "linear"
    ),
    "no activation": (
        lambda x: keras.layers.Lambda(halves)(keras.layers.Dense(5)(x)), "linear", "linear"
    ),
    "dropout": (
        lambda x: keras.layers.Dropout(0.5)(keras.layers.Dense(5, "tanh")(x)), "linear", "tanh"
    ),
}  # fmt: skip


def model_with(end):
    pictures = keras.Input((4,))
    return keras.Model(pictures, end(keras.layers.Dense(6, "relu")(pictures)))


@pytest.mark.parametrize(("end", "inner", "last"), ENDS.values(), ids=ENDS)
def test_activations_at_the_end_are_known_by_what_they_do(end, inner, last):
    head = anatomy.describe_head(model_with(end), np.zeros((2, 4), np.float32))
    assert (head["inner_activation"], head["activation"], head["units"]) == (inner, last, 5)
    assert head["narrowest_hidden"] == 6
    assert head["dropout_on_output"] == (last == "tanh")


@pytest.mark.parametrize("end", [end for end, *_ in ENDS.values()], ids=ENDS)
def test_another_activation_replaces_all_that_stood_there(end):
    model = model_with(end)
    scoring, passed = anatomy.end_of(model)
    ends.give(scoring, passed, "linear")
    x = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    hidden = np.maximum(x @ model.layers[1].get_weights()[0], 0)
    np.testing.assert_allclose(model(x), hidden @ scoring.get_weights()[0], atol=1e-5)


def test_pooling_behind_the_scores_is_left_alone():
    pictures = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3)(pictures))
    _, passed = anatomy.end_of(keras.Model(pictures, pooled))
    assert passed == []


class Named(keras.Model):
    """Layers are called in another order than they are named in, and shares are made in `call`."""

    def __init__(self, *, shares):
        super().__init__()
        self.hidden, self.scores = keras.layers.Dense(6, "relu"), keras.layers.Dense(5)
        self.drop = keras.layers.Dropout(0.5)
        self.shares = shares

    def call(self, x, training=False):
        x = self.scores(self.drop(self.hidden(x), training=training))
        return keras.ops.softmax(x) if self.shares else x


@pytest.mark.parametrize("shares", [True, False])
def test_of_a_model_with_a_call_of_its_own_the_answers_tell(shares):
    model = Named(shares=shares)
    rows = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    model(rows)
    head = anatomy.describe_head(model, rows)
    assert head["activation"] == ("softmax" if shares else "linear")
    assert head["units"] == 5
    assert not head["dropout_on_output"]


SQUASHED = {
    "dense": (lambda x: keras.layers.Dense(8, "softmax")(x), ["Dense"]),
    "two": (
        lambda x: keras.layers.Dense(7, "softmax")(keras.layers.Dense(8, "softmax")(x)),
        ["Dense", "Dense"],
    ),
    "activation": (
        lambda x: keras.layers.Activation("softmax")(keras.layers.Dense(8)(x)), ["Activation"]
    ),
    "attention": (
        lambda x: keras.layers.multiply([x, keras.layers.Dense(6, "softmax")(x)]), []
    ),
    "reshaped attention": (
        lambda x: keras.layers.multiply(
            [keras.layers.Reshape((2, -1))(x),
             keras.layers.Reshape((2, 1))(keras.layers.Dense(2, "softmax")(x))]
        ),
        [],
    ),
    "reshaped": (
        lambda x: keras.layers.Reshape((8,))(
            keras.layers.Reshape((2, 4))(keras.layers.Dense(8, "softmax")(x))
        ),
        ["Dense"],
    ),
    "relu": (lambda x: keras.layers.Dense(8, "relu")(x), []),
}  # fmt: skip


@pytest.mark.parametrize(("middle", "kind"), SQUASHED.values(), ids=SQUASHED)
def test_softmax_in_the_middle_is_seen_but_not_in_attention(middle, kind):
    flat = keras.layers.Flatten()
    model = model_with(lambda x: keras.layers.Dense(5, "softmax")(flat(middle(x))))
    sharing = anatomy.describe_head(model, np.zeros((2, 4), np.float32))["sharing"]
    assert sorted(layer["what"] for layer in sharing) == kind


class Alone(keras.Model):
    """One unit, and a softmax layer that makes 1 of it."""

    def __init__(self):
        super().__init__()
        self.scores, self.shares = keras.layers.Dense(1), keras.layers.Softmax()
        self.drop = keras.layers.Dropout(0.5)

    def call(self, x):
        return self.shares(self.scores(self.drop(x)))


@pytest.mark.filterwarnings("ignore:You are using a softmax:UserWarning")
def test_a_softmax_layer_of_a_model_with_a_call_of_its_own_is_its_end():
    model, rows = Alone(), np.zeros((2, 4), np.float32)
    model(rows)
    head = anatomy.describe_head(model, rows)
    assert (head["units"], head["activation"]) == (1, "softmax")
    scoring, passed = anatomy.end_of(model)
    ends.give(scoring, passed, "sigmoid")
    np.testing.assert_array_equal(np.asarray(model(rows)), 0.5)

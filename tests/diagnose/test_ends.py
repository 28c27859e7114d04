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
    head = anatomy.describe_head(model_with(end))
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

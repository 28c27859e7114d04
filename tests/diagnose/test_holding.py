"""What an optimiser or a penalty does to hold weights where they are, and without it."""

import keras
import numpy as np
import pytest

from regraft.diagnose.agent import holding


@pytest.mark.parametrize(
    ("optimizer", "held"),
    [
        pytest.param(keras.optimizers.SGD(clipnorm=1e-4), {"clipnorm": 1e-4}, id="clipped"),
        pytest.param(keras.optimizers.Adam(epsilon=1.0), {"epsilon": 1.0}, id="epsilon"),
        pytest.param(
            keras.optimizers.AdamW(weight_decay=3.0),
            {"weight_decay": 3.0, "epsilon": 1e-7},
            id="decay",
        ),
    ],
)
def test_what_makes_steps_smaller(optimizer, held):
    assert holding.of_optimizer(optimizer) == held


def test_a_released_optimiser_keeps_the_rest():
    given = keras.optimizers.SGD(0.3, momentum=0.5, clipnorm=1e-4)
    free = holding.released(given, ["clipnorm"])
    assert (float(free.learning_rate), free.momentum, free.clipnorm) == (
        pytest.approx(0.3), 0.5, None,
    )  # fmt: skip
    assert given.clipnorm == 1e-4
    assert holding.released(keras.optimizers.Adam(epsilon=1.0), ["epsilon"]).epsilon == 1e-7


class Fading(keras.optimizers.schedules.LearningRateSchedule):
    """Of a script's own: it has no description, and Keras does not know it."""

    def __call__(self, step):
        return 0.5 / (1.0 + keras.ops.cast(step, "float32"))


@pytest.mark.parametrize("schedule", [Fading(), lambda: 0.5], ids=["schedule", "function"])
def test_a_rate_that_changes_is_kept_or_replaced(schedule):
    given = keras.optimizers.SGD(schedule, momentum=0.5)
    fresh = holding.rebuilt(given)
    assert (holding.rate_of(fresh), fresh.momentum) == (0.5, 0.5)
    assert fresh._learning_rate is schedule
    assert given._learning_rate is schedule
    assert holding.rate_of(holding.rebuilt(given, learning_rate=0.25)) == 0.25


def test_a_penalty_of_l1_counts_ten_times():
    layers = [keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L1(0.01))]
    assert holding.strongest_penalty(layers)[0] == pytest.approx(0.1)


def test_the_strongest_penalty_is_found_and_all_are_dropped():
    l1, l2 = keras.regularizers.L1(0.2), keras.regularizers.L1L2(0.01, 3.0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, kernel_regularizer=l2),
            keras.layers.Dense(2, activity_regularizer=l1),
        ]
    )
    factor, layer = holding.strongest_penalty(model.layers)
    assert (factor, layer) == (3.0, model.layers[0])
    ones = np.ones((5, 4), "float32")
    model(ones)
    assert sum(map(float, model.losses)) > 0
    holding.drop_penalties(model.layers)
    model(ones)
    assert sum(map(float, model.losses)) == 0


def test_without_penalties():
    assert holding.strongest_penalty([keras.layers.Flatten()]) == (0.0, None)

"""What holds weights where they are: clipped gradients, decay, a large epsilon, penalties."""

from collections.abc import Iterable
from typing import Any

import numpy as np

ANY_RATE = 0.001  # until a schedule takes its place
HOLDS = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "epsilon")
_ATTRIBUTES = ("kernel_regularizer", "bias_regularizer", "depthwise_regularizer",
               "pointwise_regularizer", "beta_regularizer", "gamma_regularizer",
               "activity_regularizer")  # fmt: skip


def of_optimizer(optimizer: Any) -> dict[str, float]:
    """Numbers of an optimiser that make its steps smaller, those that are set."""
    values = {name: getattr(optimizer, name, None) for name in HOLDS}
    return {name: float(v) for name, v in values.items() if isinstance(v, int | float) and v}


def rate_of(optimizer: Any) -> float:
    """Learning rate of an optimiser, or of one by this name; NaN where there is none."""
    import keras

    try:
        given = keras.optimizers.get(optimizer)
        # a variable holds 0.01 as 0.00999999977648, which is less than what the script says
        return float(f"{float(np.asarray(given.learning_rate)):.6g}")
    except (AttributeError, TypeError, ValueError):
        return float("nan")


def rebuilt(optimizer: Any, **changes: Any) -> Any:
    """A fresh optimiser of the same kind, with other arguments where they are given."""
    import keras

    given = keras.optimizers.get(optimizer)
    schedule = getattr(given, "_learning_rate", None)
    if not callable(schedule):
        return type(given).from_config(given.get_config() | changes)
    # one of the script's own may have no description, or be unknown to Keras
    given._learning_rate = None
    try:
        described = given.get_config() | {"learning_rate": ANY_RATE}
    finally:
        given._learning_rate = schedule
    fresh = type(given).from_config(described | changes)
    if "learning_rate" not in changes:
        fresh.learning_rate = schedule
    return fresh


def released(optimizer: Any, names: Iterable[str]) -> Any:
    """A fresh optimiser of the same kind and rate with its usual values for these."""
    import keras

    usual = type(keras.optimizers.get(optimizer))().get_config()
    return rebuilt(optimizer, **{name: usual.get(name) for name in names})


def strongest_penalty(layers: Iterable[Any]) -> tuple[float, Any]:
    """The largest factor of an L1 or L2 penalty, and the layer that has it; 0 and None without.

    One of L1 counts ten times: on a weight of 0.05, a usual one, it pulls like L2 with ten times
    the factor.
    """
    found = [
        (factor, layer)
        for layer in layers
        for name in _ATTRIBUTES
        for factor in _factors(getattr(layer, name, None))
    ]
    return max(found, key=lambda pair: pair[0], default=(0.0, None))


def drop_penalties(layers: Iterable[Any]) -> None:
    """Take all penalties off: of weights, and of what layers give."""
    for layer in layers:
        for weight in layer.weights:
            weight.regularizer = None
        if getattr(layer, "activity_regularizer", None) is not None:
            layer.activity_regularizer = None


def _factors(regularizer: Any) -> list[float]:
    held = ((getattr(regularizer, name, 0.0), times) for name, times in (("l1", 10), ("l2", 1)))
    # L1 keeps a tensor, the others numbers, and others matrices
    return [times * float(np.asarray(v)) for v, times in held if np.size(v) == 1 and np.any(v)]

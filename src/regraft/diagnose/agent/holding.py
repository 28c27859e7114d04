"""What holds weights where they are: clipped gradients, decay, a large epsilon, penalties."""

from collections.abc import Iterable
from typing import Any

HOLDS = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "epsilon")
_ATTRIBUTES = ("kernel_regularizer", "bias_regularizer", "depthwise_regularizer",
               "pointwise_regularizer", "beta_regularizer", "gamma_regularizer",
               "activity_regularizer")  # fmt: skip


def of_optimizer(optimizer: Any) -> dict[str, float]:
    """Numbers of an optimiser that make its steps smaller, those that are set."""
    values = {name: getattr(optimizer, name, None) for name in HOLDS}
    return {name: float(v) for name, v in values.items() if isinstance(v, int | float) and v}


def rebuilt(optimizer: Any, **changes: Any) -> Any:
    """A fresh optimiser of the same kind, with other arguments where they are given."""
    import keras

    given = keras.optimizers.get(optimizer)
    return type(given).from_config(given.get_config() | changes)


def released(optimizer: Any, names: Iterable[str]) -> Any:
    """A fresh optimiser of the same kind and rate with its usual values for these."""
    import keras

    usual = type(keras.optimizers.get(optimizer))().get_config()
    return rebuilt(optimizer, **{name: usual.get(name) for name in names})


def strongest_penalty(layers: Iterable[Any]) -> tuple[float, Any]:
    """The largest factor of an L1 or L2 penalty, and the layer that has it; 0 and None without."""
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
    values = (getattr(regularizer, name, None) for name in ("l1", "l2"))
    return [float(value) for value in values if isinstance(value, int | float)]

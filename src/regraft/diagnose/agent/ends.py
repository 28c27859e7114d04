"""What stands at the end of a model: the last layer with weights, and activations behind it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

ACTIVATION_LAYERS = ("Softmax", "ReLU", "LeakyReLU")
CLOSE = 1e-4  # largest difference between an activation and what is taken for it


def snake(name: str) -> str:
    """CamelCase to snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def last_layer(model: Any, layers: list[Any]) -> Any:
    """The layer or operation whose output is the model's; of a model without a graph the last."""
    try:
        return model.outputs[0]._keras_history.operation
    except (AttributeError, IndexError, TypeError):
        return layers[-1] if layers else model


def has_graph(model: Any) -> bool:
    """Is it known what is called after what? Of a model with a `call` of its own it is not."""
    return hasattr((getattr(model, "outputs", None) or [None])[0], "_keras_history")


def makes_probabilities(layer: Any) -> bool:
    """Is it a layer that does nothing but softmax or sigmoid?"""
    is_alone = type(layer).__name__ in (*ACTIVATION_LAYERS, "Activation")
    return is_alone and activation_of(layer) in ("softmax", "sigmoid")


def are_shares(model: Any, rows: Any) -> bool:
    """Are the answers to these rows numbers of 0 and more that sum to 1, several a row?"""
    try:
        answers = np.asarray(model(rows, training=False))
    except Exception:  # noqa: BLE001 - it takes or gives something else
        return False
    if answers.ndim != 2 or answers.shape[1] < 2 or answers.min() < 0:
        return False
    return bool(np.abs(answers.sum(axis=1) - 1).max() < CLOSE)


def behind(last: Any) -> tuple[Any, list[Any]]:
    """The last layer with weights, and what its values pass through afterwards, in their order."""
    passed: list[Any] = []
    operation: Any = last
    while not getattr(operation, "weights", None):
        source = _source(operation)
        if source is None:
            return last, []
        passed.insert(0, operation)
        operation = source
    return operation, passed


def _source(operation: Any) -> Any:
    """What gives an operation its only input, of the shape of its output; None otherwise."""
    nodes: list[Any] = getattr(operation, "_inbound_nodes", [])
    if len(nodes) != 1 or len(nodes[0].input_tensors) != 1:
        return None
    given: Any = nodes[0].input_tensors[0]
    made: Any = nodes[0].outputs[0]
    if tuple(given.shape) != tuple(made.shape):
        return None
    return given._keras_history.operation


def activation_of(layer: Any, units: int = 0) -> str:
    """Name of the activation a layer ends in.

    Functions go by what they do to some numbers: one of the script's own has any name.
    """
    kind = type(layer).__name__
    if kind in ACTIVATION_LAYERS:
        return snake(kind)
    function = getattr(layer, "activation", None)
    if function:
        name = getattr(function, "__name__", None) or snake(type(function).__name__)
        return name if name in _USUAL else _named(function, max(units, 3)) or name
    is_plain = units and not getattr(layer, "weights", ())
    return (_named(layer, units) if is_plain else "") or "linear"


def _named(operation: Any, units: int) -> str:
    """The activation that gives what this gives, "" for none of the usual ones."""
    asked = np.linspace(-2, 3, 3 * units, dtype=np.float32).reshape(3, units)
    asked = np.random.default_rng(0).permuted(asked, axis=1)
    try:
        given = np.asarray(operation(asked))
    except Exception:  # noqa: BLE001 - it takes something else: no activation
        return ""
    if given.shape != asked.shape:
        return ""
    for name, function in _USUAL.items():
        if np.abs(given - function(asked)).max() < CLOSE:
            return name
    return ""


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


_USUAL: Mapping[str, Callable[[np.ndarray], Any]] = {
    "linear": lambda x: x,
    "softmax": _softmax,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "log_softmax": lambda x: np.log(_softmax(x)),
}


def give(scoring: Any, passed: list[Any], activation: str) -> None:
    """Let a model's values pass through this activation, and through nothing else, at its end.

    The layers stay: the last one with weights gets the activation, what stands behind it does
    nothing any more.
    """
    import keras

    for operation in passed:
        operation.call = lambda x, *args, **kwargs: x  # noqa: ARG005 - called as before
    scoring.activation = keras.activations.get(activation)

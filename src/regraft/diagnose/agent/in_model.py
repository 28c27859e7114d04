"""What the random layers inside a model make of its pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regraft.diagnose.agent import anatomy

FEW = 2  # pictures that tell which layers are reached by pictures


class _Enough(BaseException):
    """Stops a forward pass: the layers that matter are behind it."""


def changed(
    model: Any, layers: Sequence[Any], x: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """What leaves the last of these layers in inference, and what does in training.

    One that changes pictures at random in inference, too, is left out of the former.
    Other layers, which scale or resize, may come before them and between, and layers of the
    script's own may do so themselves. None where no picture reaches any of them: noise may be added
    to features.
    """
    few = _followed(model, layers, x[:FEW], training=True)
    # the network behind them is not gone through again
    reached = [layer for layer in layers if id(layer) in few.reached]
    if not reached:
        return None
    plain, changed = (_followed(model, reached, x, training=mode).after for mode in (False, True))
    return plain, changed


def at_first_weights(model: Any, layers: Sequence[Any], x: np.ndarray) -> np.ndarray | None:
    """What reaches the first of these layers, those with weights; None where that is no picture."""
    found: list[np.ndarray] = []

    def stopping(layer: Any) -> Any:
        original = layer.call

        def call(inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if not hasattr(inputs, "numpy"):
                return original(inputs, *args, **kwargs)
            found.append(np.asarray(inputs, np.float32))
            raise _Enough

        return call

    _pass(model, layers, stopping, x, training=False)
    return found[0] if found else None


def _pass(
    model: Any,
    layers: Sequence[Any],
    watched: Callable[[Any], Any],
    x: np.ndarray,
    *,
    training: bool,
) -> None:
    """One forward pass with another `call` for these layers, until one of them has seen enough."""
    kept = [(layer, layer.__dict__.get("call")) for layer in layers]
    for layer in layers:
        layer.call = watched(layer)
    try:
        model(x, training=training)
    except _Enough:
        pass
    finally:
        for layer, own in kept:
            layer.__dict__.pop("call", None)
            if own is not None:
                layer.call = own


@dataclass(slots=True)
class _Seen:
    """What went through the layers of one pass."""

    waiting: set[int]
    is_plain: bool
    reached: set[int] = field(default_factory=set)
    after: np.ndarray = field(default_factory=lambda: np.zeros(0))


def _followed(model: Any, layers: Sequence[Any], x: np.ndarray, *, training: bool) -> _Seen:
    """One forward pass, up to the last of these layers."""
    seen = _Seen({id(layer) for layer in layers}, is_plain=not training)
    _pass(model, layers, lambda layer: _watched(layer, seen), x, training=training)
    return seen


def _watched(layer: Any, seen: _Seen) -> Any:
    original = layer.call

    def call(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = original(inputs, *args, **kwargs)
        if seen.is_plain and anatomy.is_always_random(layer) and inputs.shape == outputs.shape:
            outputs = inputs
        if hasattr(inputs, "numpy") and inputs.ndim == 4 and inputs.shape[-1] in (1, 3):
            seen.after = np.asarray(outputs, np.float32)
            seen.reached.add(id(layer))
            if seen.waiting <= seen.reached:
                raise _Enough
        return outputs

    return call

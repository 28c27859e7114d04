"""Names of layers and tensors that are the same in every process."""

import re
from typing import Any

_NUMBERED = re.compile(r"(.+?)(?:_(\d+))?")
_WORD_STARTS = re.compile(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")


def layers_by_name(model: Any) -> dict[str, Any]:
    """The layers and operations of a functional model, by the names of a fresh process.

    Keras numbers layers that were given no name through the life of the process:
    `activation_187` in a fresh one, `activation_511` after another network was built. Here
    the numbers start anew with the model. Names that were given stay as they are.

    An operation, as the `+` between two tensors, differs from a layer in having no weights.
    """
    named: dict[str, Any] = {}
    numbered: dict[str, list[tuple[int, Any]]] = {}
    for layer in model.operations:
        match = _NUMBERED.fullmatch(layer.name)
        default = _WORD_STARTS.sub("_", type(layer).__name__).lower()  # conv2d, max_pooling2d
        if match is not None and match[1] == default:
            numbered.setdefault(default, []).append((int(match[2] or 0), layer))
        else:
            named[layer.name] = layer
    for default, layers in numbered.items():
        layers.sort(key=lambda pair: pair[0])  # in the order they were made
        for number, (_, layer) in enumerate(layers):
            named[f"{default}_{number}" if number else default] = layer
    return named


def variables_by_name(model: Any) -> dict[str, Any]:
    """The variables of a functional model as `layer/variable`, the same in every process."""
    return {
        f"{name}/{_below_the_layer(variable.path)}": variable
        for name, layer in layers_by_name(model).items()
        for variable in getattr(layer, "weights", ())
    }


def _below_the_layer(path: str) -> str:
    return path.split("/", maxsplit=1)[-1]

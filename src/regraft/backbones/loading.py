"""Reading weight files into a network: by name from safetensors, in layer order from HDF5.

No code is ever deserialised: only numbers are read, and only those whose place and shape the
network already knows.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.backbones.naming import layers_by_name, variables_by_name
from regraft.errors import InvalidArgumentError, expected_received

Tensors = dict[str, npt.NDArray[Any]]

_SHOWN = 3  # problems quoted in one message

# what safetensors raises where numpy has no such numbers: bfloat16, or eight bits
UNKNOWN_TO_NUMPY = (TypeError, AttributeError)


def load_weights(
    model: Any, path: Path, *, only: Iterable[str] | None = None, names_agree: bool = True
) -> None:
    """Read a weight file into a network, after checking names and shapes.

    Args:
        model: A functional Keras model: the network without its top.
        path: A `.safetensors` file with the names of `naming.variables_by_name`, or an HDF5
            file as `keras.applications` publishes them.
        only: Names of the layers to fill; None means all of them. The rest of the file is
            checked, too, but not read.
        names_agree: Also refuse layers of another name in HDF5 files. Files that Keras
            published before it renamed a layer are known by their hash instead.

    Raises:
        InvalidArgumentError: If the file is of another kind or for another network.
    """
    wanted = None if only is None else frozenset(only)
    if path.suffix == ".safetensors":
        _load_safetensors(model, path, wanted)
    else:
        _load_hdf5(model, path, wanted, names_agree=names_agree)


def tensors_of(model: Any) -> Tensors:
    """Copies of all variables of a functional model, by a name that holds in every process."""
    return {
        name: np.asarray(variable.numpy()) for name, variable in variables_by_name(model).items()
    }


def assign_tensors(model: Any, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    """Fill the variables of a functional model; the inverse of `tensors_of`.

    Raises:
        InvalidArgumentError: If a variable is missing or has another shape. Tensors that the
            model has no variable for are ignored: a trunk needs only a part of a network.
    """
    variables = variables_by_name(model)
    _refuse(
        [
            problem
            for name, variable in variables.items()
            if (problem := _mismatch(name, variable, tensors.get(name)))
        ],
        source="the tensors given",
    )
    for name, variable in variables.items():
        variable.assign(tensors[name])
    _finalise(model.layers)


def _load_safetensors(model: Any, path: Path, wanted: frozenset[str] | None) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            stored = frozenset(file.keys())
            variables = variables_by_name(model)
            _refuse(
                [f"{name} is missing" for name in variables if name not in stored]
                + [
                    f"{name} is {shape}, not {tuple(variable.shape)}"
                    for name, variable in variables.items()
                    if name in stored
                    and (shape := tuple(file.get_slice(name).get_shape())) != tuple(variable.shape)
                ],
                source=str(path),
            )
            for name, variable in variables.items():
                if wanted is None or name.split("/", maxsplit=1)[0] in wanted:
                    variable.assign(_tensor(file, name, path))
    except SafetensorError as error:
        raise InvalidArgumentError(
            expected_received("a safetensors file", f"{path} ({error})", "Fetch the file again.")
        ) from error
    _finalise(model.layers)


def _tensor(file: Any, name: str, path: Path) -> npt.NDArray[Any]:
    try:
        tensor: npt.NDArray[Any] = file.get_tensor(name)
    except UNKNOWN_TO_NUMPY as error:
        raise InvalidArgumentError(
            expected_received(
                "tensors in float32 or float16",
                f"{name} in {file.get_slice(name).get_dtype()} ({path})",
                "Convert the file.",
            )
        ) from error
    return tensor


def _load_hdf5(model: Any, path: Path, wanted: frozenset[str] | None, *, names_agree: bool) -> None:
    """Fill layers as `keras.Model.load_weights` does: the n-th of the file into the n-th."""
    from regraft.backbones.hdf5 import open_weights

    with open_weights(path) as file:
        stored = [layer for layer in file.layers() if layer.tensors]
        names = {id(layer): name for name, layer in layers_by_name(model).items()}
        layers = [layer for layer in model.layers if layer.weights]
        problems = []
        if len(stored) != len(layers):
            problems.append(f"{len(stored)} layers with weights, not {len(layers)}")
        for mine, theirs in zip(layers, stored, strict=False):
            if names_agree and _without_number(mine.name) != _without_number(theirs.name):
                problems.append(f"layer {theirs.name} in place of {mine.name}")
                continue
            expected = [tuple(variable.shape) for variable in _file_order(mine)]
            if (shapes := [tensor.shape for tensor in theirs.tensors]) != expected:
                problems.append(f"{theirs.name} has shapes {shapes}, not {expected}")
        _refuse(problems, source=str(path))
        for mine, theirs in zip(layers, stored, strict=True):
            if wanted is None or names[id(mine)] in wanted:
                for variable, tensor in zip(_file_order(mine), theirs.tensors, strict=True):
                    variable.assign(tensor.read())
    _finalise(model.layers)


def _file_order(layer: Any) -> list[Any]:
    """The order of Keras's HDF5 files, which is not that of `layer.weights`."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _without_number(name: str) -> str:
    """Layers that were given no name are numbered differently in every process."""
    return re.sub(r"_\d+$", "", name)


def _mismatch(name: str, variable: Any, tensor: npt.NDArray[Any] | None) -> str:
    if tensor is None:
        return f"{name} is missing"
    if tensor.shape != tuple(variable.shape):
        return f"{name} is {tensor.shape}, not {tuple(variable.shape)}"
    return ""


def _refuse(problems: list[str], *, source: str) -> None:
    if not problems:
        return
    more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    raise InvalidArgumentError(
        expected_received(
            "weights of this network",
            f"{source}: {'; '.join(problems[:_SHOWN])}{more}",
            "Name the file that belongs to the backbone (see `regraft backbones`).",
        )
    )


def _finalise(layers: Iterable[Any]) -> None:
    """Let layers that keep constants made from their variables (Normalization) renew them."""
    for layer in layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest


@pytest.fixture
def write_hdf5() -> Callable[[Any, Path], Path]:
    """Writes the weights of a model to a file in the form in which Keras publishes them."""

    def write(model: Any, path: Path) -> Path:
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
            for layer in model.layers:
                group = file.create_group(layer.name)
                variables = [*layer.trainable_weights, *layer.non_trainable_weights]
                names = [f"{variable.path}:0" for variable in variables]
                group.attrs["weight_names"] = [name.encode() for name in names]
                for name, variable in zip(names, variables, strict=True):
                    group[name] = np.asarray(variable.value)
        return path

    return write

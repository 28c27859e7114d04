"""Keras's HDF5 weight files, read as what they should be: named arrays of numbers.

An HDF5 file can also link to other files, or take its data from them. None of that is
followed here, and nothing is read before its shape is known.
"""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from regraft.errors import InvalidArgumentError, expected_received

_MOST_LAYERS = 20_000  # the largest network of the table has about 2,000
_MOST_NUMBERS = 2**28  # in one tensor: 1 GB of float32


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredTensor:
    """One array of the file, not read yet."""

    dataset: Any
    shape: tuple[int, ...]

    def read(self) -> npt.NDArray[Any]:
        """The numbers, from the file."""
        return np.asarray(self.dataset[()])


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredLayer:
    """One layer of the file, its tensors in the file's order."""

    name: str
    tensors: tuple[StoredTensor, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsFile:
    """An open file."""

    path: Path
    root: Any  # h5py.Group

    def layers(self) -> list[StoredLayer]:
        """All layers, also those without tensors, in the file's order.

        Raises:
            InvalidArgumentError: If a tensor is not a plain array of numbers.
        """
        names = self._names(self.root, "layer_names")
        if not names:
            self._refuse("no list of layers")
        if len(names) > _MOST_LAYERS:
            self._refuse(f"{len(names)} layers")
        return [self._layer(name) for name in names]

    def _layer(self, name: str) -> StoredLayer:
        group = self._follow(self.root, name)
        tensors = tuple(
            self._tensor(self._follow(group, weight))
            for weight in self._names(group, "weight_names")
        )
        return StoredLayer(name=name, tensors=tensors)

    def _follow(self, group: Any, path: str) -> Any:
        """Walk down hard links only: the others may lead out of the file."""
        import h5py

        item = group
        for part in path.split("/"):
            if not isinstance(item, h5py.Group) or part not in item:
                self._refuse(f"no {path}")
            if not isinstance(item.get(part, getlink=True), h5py.HardLink):
                self._refuse(f"{path} is a link")
            item = item[part]
        return item

    def _tensor(self, item: Any) -> StoredTensor:
        import h5py

        if not isinstance(item, h5py.Dataset):
            self._refuse(f"{item.name} is not an array")
        if item.is_virtual or item.external:
            self._refuse(f"{item.name} takes its numbers from another file")
        if item.shape is None or item.dtype.kind not in "fiu":
            self._refuse(f"{item.name} does not hold numbers")
        if math.prod(item.shape) > _MOST_NUMBERS:
            self._refuse(f"{item.name} has shape {item.shape}")
        return StoredTensor(dataset=item, shape=tuple(item.shape))

    def _names(self, group: Any, attribute: str) -> list[str]:
        """A list of names; long ones were cut in chunks: `layer_names0`, `layer_names1`, ..."""
        if attribute in group.attrs:
            chunks = [group.attrs[attribute]]
        else:
            chunks = []
            while f"{attribute}{len(chunks)}" in group.attrs:
                chunks.append(group.attrs[f"{attribute}{len(chunks)}"])
        return [
            name.decode() if isinstance(name, bytes) else str(name)
            for chunk in chunks
            for name in np.atleast_1d(chunk)
        ]

    def _refuse(self, found: str) -> NoReturn:
        raise InvalidArgumentError(
            expected_received(
                "an HDF5 weight file as keras.applications publishes them",
                f"{self.path} with {found}",
                "Fetch the file again, or use a .safetensors file.",
            )
        )


@contextlib.contextmanager
def open_weights(path: Path) -> Iterator[WeightsFile]:
    """Open a weight file for reading.

    Raises:
        InvalidArgumentError: If it is not an HDF5 file, or is damaged where it is read.
    """
    import h5py

    try:
        with h5py.File(path, "r") as root:
            yield WeightsFile(path=path, root=root)
    except (OSError, RuntimeError) as error:  # how h5py reports a damaged file
        raise InvalidArgumentError(
            expected_received("an HDF5 weight file", f"{path} ({error})", "Fetch the file again.")
        ) from error

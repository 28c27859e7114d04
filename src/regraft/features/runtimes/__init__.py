"""What runs a frozen extractor. One small interface; each runtime is a module beside this one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from regraft.records import FloatArray

if TYPE_CHECKING:
    import keras

# A batch of pictures as the extractor's input wants it, to the features of each request.
Run = Callable[[npt.NDArray[Any]], list[FloatArray]]


class Runtime(Protocol):
    """Runs a Keras model forwards in float32. Creating one imports nothing heavy."""

    @property
    def name(self) -> str:
        """As users write it after `--runtime`."""

    def version(self) -> str:
        """Of the library that computes: part of the cache key.

        Raises:
            MissingDependencyError: If it is not installed.
        """

    def load(self, model: "keras.Model") -> Run:
        """Make a model of fixed batch size, with a list of outputs, ready to run."""

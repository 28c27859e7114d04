"""What runs a frozen extractor. One small interface; each runtime is a module beside this one."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from regraft.records import FloatArray, Precision

if TYPE_CHECKING:
    import keras

Batch = npt.NDArray[Any]  # pictures as the extractor's input wants them

# A batch to the features of each request.
Run = Callable[[Batch], list[FloatArray]]

# Makes batches of the pictures that a network will see, to learn the ranges of its maps from.
Calibration = Callable[[], Iterable[Batch]]


class Runtime(Protocol):
    """Runs a Keras model forwards. Creating one imports nothing heavy."""

    @property
    def name(self) -> str:
        """As users write it after `--runtime`."""

    @property
    def precision(self) -> Precision:
        """Of the numbers that are multiplied; features are always float32."""

    def version(self) -> str:
        """Of the library that computes: part of the cache key.

        Raises:
            MissingDependencyError: If it is not installed.
        """

    def step(self, size: int, batch_size: int) -> int:
        """Pictures that the network is to take at a time, of every batch that is handed over.

        Args:
            size: Side in pixels of what the network sees.
            batch_size: Pictures of a batch.
        """

    def load(self, model: "keras.Model", calibration: Calibration) -> Run:
        """Make a model of fixed batch size, with a list of outputs, ready to run.

        Args:
            model: Of Keras, for batches of `step` pictures.
            calibration: Asked by int8 only.

        Returns:
            What takes batches of any size, if `step` is smaller than a batch; else of that one.
        """

    def faster(self) -> "tuple[Runtime, ...]":
        """The same in the lower precisions that this processor multiplies faster."""

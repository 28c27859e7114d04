"""TensorFlow: always there, and what every other runtime is checked against.

Where `KERAS_BACKEND` names another library, that one computes in its place.
"""

import os
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from regraft.errors import MissingDependencyError, expected_received
from regraft.features.runtimes import Batch, Calibration, Run
from regraft.records import FloatArray

if TYPE_CHECKING:
    import keras


class TensorFlow:
    """Traces the model once. `model.predict` does the same work with more overhead."""

    name = "tensorflow"
    precision: Literal["float32"] = "float32"

    def version(self) -> str:
        """Of whichever TensorFlow distribution is installed, or of what computes in its place."""
        backend = os.environ.get("KERAS_BACKEND", "tensorflow")
        if backend != "tensorflow":
            return f"{backend} {metadata.version(backend)}"
        for distribution in ("tensorflow-cpu", "tensorflow"):
            try:
                return metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
        raise MissingDependencyError(
            expected_received("TensorFlow", "no such library", "pip install tensorflow-cpu")
        )

    def faster(self) -> tuple[()]:
        """None: this is what the others are checked against."""
        return ()

    def step(self, size: int, batch_size: int) -> int:  # noqa: ARG002
        """A batch at a time."""
        return batch_size

    def load(self, model: "keras.Model", calibration: Calibration | None = None) -> Run:  # noqa: ARG002
        """One trace for the model's fixed batch size."""
        import keras

        if keras.config.backend() != "tensorflow":
            return compiled_by_keras(model)
        import tensorflow as tf

        pictures = model.inputs[0]
        signature = [tf.TensorSpec(pictures.shape, pictures.dtype)]

        # autograph would only rewrite Python control flow, and there is none
        @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]
        def forward(batch: Any) -> Any:
            return keras.tree.flatten(model(batch, training=False))  # one output comes bare

        # Traced here and called directly: TensorFlow would take the traces of many models, all
        # made by this function, for needless repetitions of one, and warn.
        traced = forward.get_concrete_function()

        def run(batch: Batch) -> list[FloatArray]:
            return [output.numpy() for output in traced(tf.convert_to_tensor(batch))]

        return run


def compiled_by_keras(model: "keras.Model") -> Run:
    """The model as its own `predict` compiles it, on any backend."""
    import keras

    def run(batch: Batch) -> list[FloatArray]:
        outputs = keras.tree.flatten(model.predict_on_batch(batch))  # one output comes bare
        return [np.asarray(output) for output in outputs]

    return run

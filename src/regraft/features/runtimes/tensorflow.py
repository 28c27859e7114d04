"""TensorFlow: always there, and what every other runtime is checked against."""

from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

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
        """Of whichever TensorFlow distribution is installed."""
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

    def load(self, model: "keras.Model", calibration: Calibration | None = None) -> Run:  # noqa: ARG002
        """One trace for the model's fixed batch size."""
        import keras
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

"""ONNX Runtime: for those who have it anyway. Only by name, never what `auto` means.

Where OpenVINO has wheels it is faster (MobileNetV2 at 96 px: 1.9 times, on two cores with AVX2),
and converting to ONNX takes several times as long as converting to OpenVINO.
"""

import tempfile
import warnings
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from regraft.errors import MissingDependencyError, expected_received
from regraft.features.runtimes import Batch, Calibration, Run
from regraft.records import FloatArray

if TYPE_CHECKING:
    import keras


class OnnxRuntime:
    """Converts the Keras model to an ONNX file, loads that, and deletes it."""

    name = "onnxruntime"
    precision: Literal["float32"] = "float32"

    def version(self) -> str:
        """Of the installed wheel, without importing it."""
        try:
            metadata.version("tf2onnx")  # what Keras converts with
            return metadata.version("onnxruntime")
        except metadata.PackageNotFoundError as error:
            raise MissingDependencyError(
                expected_received(
                    "ONNX Runtime and tf2onnx",
                    f"no such library as {error.name}",
                    "pip install 'regraft[onnx]', or use --runtime auto.",
                )
            ) from error

    def faster(self) -> tuple[()]:
        """None: float32 only."""
        return ()

    def step(self, size: int, batch_size: int) -> int:  # noqa: ARG002
        """A batch at a time."""
        return batch_size

    def load(self, model: "keras.Model", calibration: Calibration | None = None) -> Run:  # noqa: ARG002
        """Convert and load."""
        import onnxruntime

        pictures = model.inputs[0]
        # Keras refuses to convert a model that was never called
        model(np.zeros(pictures.shape, pictures.dtype), training=False)
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # Keras gives numpy the names back that the converter still uses
            warnings.filterwarnings("ignore", message="In the future `np.", category=FutureWarning)
            file = Path(folder) / "model.onnx"
            model.export(file, format="onnx", verbose=False)
            session = onnxruntime.InferenceSession(
                file.read_bytes(), providers=["CPUExecutionProvider"]
            )
        name = session.get_inputs()[0].name

        def run(batch: Batch) -> list[FloatArray]:
            outputs: list[FloatArray] = session.run(None, {name: batch})
            return outputs

        return run

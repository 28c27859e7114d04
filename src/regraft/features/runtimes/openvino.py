"""OpenVINO: the fastest frozen pass on x86 CPUs."""

import contextlib
import functools
import io
import logging
import warnings
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from regraft.errors import MissingDependencyError, expected_received
from regraft.features.runtimes import Batch, Calibration, Run
from regraft.records import FloatArray, Precision

if TYPE_CHECKING:
    import keras

# What the CPU plug-in calls a precision among its capabilities, and what it is to multiply in.
_CAPABILITY: dict[Precision, str] = {"bfloat16": "BF16", "int8": "INT8"}
_PRODUCTS: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


@dataclass(frozen=True)
class OpenVino:
    """Converts the Keras model in memory, with its batch size fixed.

    In int8, weights and maps are quantised after training by NNCF, if that is installed, with
    ranges taken from some pictures of the job; what is not quantised multiplies in float32.
    """

    precision: Precision = "float32"
    name = "openvino"

    def version(self) -> str:
        """Of the installed wheel, and of what quantises for it, without importing them."""
        try:
            version = metadata.version("openvino")
            is_quantised = self.precision == "int8"
            return f"{version}, nncf {metadata.version('nncf')}" if is_quantised else version
        except metadata.PackageNotFoundError as error:
            raise MissingDependencyError(
                expected_received("OpenVINO", "no such library", "pip install openvino")
            ) from error

    def faster(self) -> tuple["OpenVino", ...]:
        """bfloat16 and int8, where the processor has instructions for them."""
        return tuple(OpenVino(precision) for precision in _faster_here())

    def load(self, model: "keras.Model", calibration: Calibration) -> Run:
        """Convert, quantise if need be, and compile."""
        import openvino

        with warnings.catch_warnings():
            # the converter calls the model with a tuple of one tensor, which Keras remarks upon
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            converted = openvino.convert_model(model)
        if self.precision == "int8":
            converted = _quantised(converted, calibration)
        # One caller at a time, so all cores work on its batch. Left to itself the plug-in takes
        # bfloat16 where the processor has it, which moves MobileNetV2's features by 7%.
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _PRODUCTS[self.precision],
        }
        compiled = openvino.compile_model(converted, "CPU", config)
        request = compiled.create_infer_request()
        n_outputs = len(model.outputs)

        def run(batch: Batch) -> list[FloatArray]:
            request.infer({0: batch}, share_inputs=True)
            # copies: the request writes its next answer into the same memory
            return [request.get_output_tensor(i).data.copy() for i in range(n_outputs)]

        return run


@functools.cache
def _faster_here() -> tuple[Precision, ...]:
    import openvino

    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    found: list[Precision] = [p for p, capability in _CAPABILITY.items() if capability in able]
    if "int8" in found and not _has_nncf():
        found.remove("int8")
    return tuple(found)


def _has_nncf() -> bool:
    try:
        metadata.version("nncf")
    except metadata.PackageNotFoundError:
        return False
    return True


def _quantised(model: Any, calibration: Calibration) -> Any:
    import nncf

    nncf.set_log_level(logging.ERROR)
    batches = list(calibration())
    # the products that resize pictures and pool maps cost little, and would lose most
    ours = nncf.IgnoredScope(types=["MatMul"], validate=False)
    with contextlib.redirect_stdout(io.StringIO()):  # bars of its own
        return nncf.quantize(
            model, nncf.Dataset(batches), subset_size=len(batches), ignored_scope=ours
        )

"""OpenVINO: the fastest frozen pass on x86 CPUs."""

import contextlib
import functools
import io
import logging
import math
import os
import warnings
import weakref
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from regraft.errors import MissingDependencyError, expected_received
from regraft.features.runtimes import Batch, Calibration, Run
from regraft.records import FloatArray, Precision

if TYPE_CHECKING:
    import keras

# What the CPU plug-in calls a precision among its capabilities, and what it is to multiply in.
_CAPABILITY: dict[Precision, str] = {"bfloat16": "BF16", "int8": "INT8"}
_PRODUCTS: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


# Pictures of one step together have about so many pixels: see docs/decisions/0016.
_PIXELS_A_STEP = 2**17


@dataclass(frozen=True)
class OpenVino:
    """Converts the Keras model in memory, and runs as many of it side by side as there are cores.

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

    def step(self, size: int, batch_size: int) -> int:
        """Few pictures, whose maps stay in a core's cache; every core works on its own."""
        fitting = max(1, _PIXELS_A_STEP // size**2)
        return min(math.ceil(batch_size / _n_cores()), 1 << (fitting.bit_length() - 1))

    def load(self, model: "keras.Model", calibration: Calibration) -> Run:
        """Convert, quantise if need be, and compile."""
        import openvino

        converted = _converted(model)
        order = _places(model, converted)
        if self.precision == "int8":
            converted = _quantised(converted, calibration)
        # Left to itself the plug-in takes bfloat16 where the processor has it, which moves
        # MobileNetV2's features by 7%.
        n_streams = _n_cores()
        config = {
            "NUM_STREAMS": str(n_streams),
            "INFERENCE_NUM_THREADS": str(n_streams),
            "INFERENCE_PRECISION_HINT": _PRODUCTS[self.precision],
        }
        compiled = openvino.compile_model(converted, "CPU", config)
        widths = [tuple(compiled.outputs[place].shape)[1:] for place in order]
        step = int(model.inputs[0].shape[0])
        queue = openvino.AsyncInferQueue(compiled, n_streams)

        def run(batch: Batch) -> list[FloatArray]:
            parts = _in_steps(batch, step)
            outputs = [np.empty((step * len(parts), *width), np.float32) for width in widths]

            def keep(request: Any, start: int) -> None:
                # the request writes its next answer into the same memory
                for output, place in zip(outputs, order, strict=True):
                    output[start : start + step] = request.get_output_tensor(place).data

            queue.set_callback(keep)
            for number, part in enumerate(parts):
                queue.start_async({0: part}, step * number, share_inputs=True)
            queue.wait_all()
            return [output[: len(batch)] for output in outputs]

        return run


# By Keras model, as every precision starts from the same and converting takes seconds.
_CONVERTED: "weakref.WeakKeyDictionary[keras.Model, Any]" = weakref.WeakKeyDictionary()


def _converted(model: "keras.Model") -> Any:
    """The model as OpenVINO has it, with float32 weights."""
    import openvino

    if model not in _CONVERTED:
        with warnings.catch_warnings():
            # the converter calls the model with a tuple of one tensor, which Keras remarks upon
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            _CONVERTED[model] = openvino.convert_model(model)
    return _CONVERTED[model]


def _places(model: "keras.Model", converted: Any) -> list[int]:
    """Where each output of the model is among those of the converted one, which sorts several.

    By their names, as text: the tenth comes before the second. A single one loses its name.
    """
    if len(model.outputs) == 1:
        return [0]
    named = {
        name: place for place, output in enumerate(converted.outputs) for name in output.get_names()
    }
    return [named[output.name] for output in model.outputs]


def _in_steps(batch: Batch, step: int) -> list[Batch]:
    """A batch taken apart; in the last part its last picture is repeated."""
    n_missing = -len(batch) % step
    if n_missing:
        batch = np.concatenate([batch, np.repeat(batch[-1:], n_missing, axis=0)])
    return [batch[start : start + step] for start in range(0, len(batch), step)]


def _n_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


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
    step = int(model.inputs[0].shape[0])
    batches = [part for batch in calibration() for part in _in_steps(batch, step)]
    # the products that resize pictures and pool maps cost little, and would lose most
    ours = nncf.IgnoredScope(types=["MatMul"], validate=False)
    with contextlib.redirect_stdout(io.StringIO()):  # bars of its own
        return nncf.quantize(
            model.clone(), nncf.Dataset(batches), subset_size=len(batches), ignored_scope=ours
        )

"""Which runtime `auto` means on this machine: probed once in a child process, remembered."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from regraft.errors import InvalidArgumentError, MissingDependencyError, expected_received, nearest
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.onnxruntime import OnnxRuntime
from regraft.features.runtimes.openvino import OpenVino
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.features.runtimes.verdicts import read_object, remembered, verdict_key

RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime for runtime in (TensorFlow(), OpenVino(), OnnxRuntime())
}

# Relative to the largest feature. Float32 runtimes were measured within 7e-6 of one another,
# bfloat16 at 7e-4 and worse: whatever is beyond computed something else.
LARGEST_DIFFERENCE = 1e-4
_TIMEOUT = 180.0  # seconds; the child imports two large libraries on what may be a busy machine


def choose_runtime(name: str, *, folder: Path) -> Runtime:
    """The runtime of that name, or for `auto` the fastest that is known to be right here.

    Args:
        name: `auto` or one of `RUNTIMES`.
        folder: Where verdicts are remembered: the cache folder.

    Raises:
        InvalidArgumentError: If there is no such runtime.
        MissingDependencyError: If the runtime named is not installed.
    """
    require_offered(name)
    if name == "auto":
        return RUNTIMES["openvino"] if _can_use("openvino", folder) else RUNTIMES["tensorflow"]
    return RUNTIMES[name]


def require_offered(name: str) -> None:
    """Accept `auto`, and the name of a runtime that is installed.

    Raises:
        InvalidArgumentError: If there is no such runtime.
        MissingDependencyError: If it is not installed; the message says what to install.
    """
    if name == "auto":
        return
    if name not in RUNTIMES:
        raise InvalidArgumentError(
            expected_received("a runtime", repr(name), nearest(name, ["auto", *RUNTIMES]))
        )
    RUNTIMES[name].version()


def _can_use(name: str, folder: Path) -> bool:
    try:
        RUNTIMES[name].version()
    except MissingDependencyError:
        return False
    verdict = remembered(
        folder / "runtimes.json",
        verdict_key(RUNTIMES[name]),
        lambda: {"runtime": name, **_probe_in_a_child(name)},
    )
    return bool(verdict["passes"])


def _probe_in_a_child(name: str) -> dict[str, Any]:
    """The verdict on a runtime, whatever it does to the process that tries it."""
    source = str(Path(__file__).parents[3])  # importable there as it is here
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.json"
        command = [sys.executable, "-m", "regraft.features.runtimes.probe", name, str(result)]
        try:
            child = subprocess.run(  # noqa: S603 - our own module, in our own interpreter
                command,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"passes": False, "because": f"no answer in {_TIMEOUT:.0f} s"}
        answer = read_object(result)
    if not answer:
        return {"passes": False, "because": f"the child ended with status {child.returncode}"}
    if answer["error"]:
        return {"passes": False, "because": answer["error"]}
    off = answer["difference"]
    return {
        "passes": off <= LARGEST_DIFFERENCE,
        "because": f"differs from TensorFlow by {off:.1e}",
    }

"""Which runtime `auto` means on this machine: probed once in a child process, remembered."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from regraft.errors import InvalidArgumentError, MissingDependencyError, expected_received, nearest
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.onnxruntime import OnnxRuntime
from regraft.features.runtimes.openvino import OpenVino
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.features.runtimes.verdicts import Verdict, read_object, remembered, verdict_key

Note = Callable[[str], object]

RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime for runtime in (TensorFlow(), OpenVino(), OnnxRuntime())
}

# Relative to the largest feature. Float32 runtimes were measured within 7e-6 of one another,
# bfloat16 at 7e-4 and worse: whatever is beyond computed something else.
LARGEST_DIFFERENCE = 1e-4
RATIO = "times_as_fast"  # in a verdict
_LEAST_PACE = 1.0  # times TensorFlow's: not slower
_TIMEOUT = 180.0  # seconds; the child imports two large libraries on what may be a busy machine
_VERSION = 2  # part of every key: raise it when another verdict could come out

# Signals that come from outside, from a user or a system short of memory. The others, such as
# SIGSEGV and SIGILL, are what a runtime does to itself.
_FROM_OUTSIDE = ("SIGHUP", "SIGINT", "SIGKILL", "SIGTERM")

# Verdicts that are no lasting ones: within this process nobody waits for them twice.
_for_now: dict[tuple[Path, str], Verdict] = {}


def choose_runtime(name: str, *, folder: Path, note: Note = lambda _: None) -> Runtime:
    """The runtime of that name, or for `auto` the fastest that is known to be right here.

    Args:
        name: `auto` or one of `RUNTIMES`.
        folder: Where verdicts are remembered: the cache folder.
        note: Is told if a runtime was tried and is not taken.

    Raises:
        InvalidArgumentError: If there is no such runtime.
        MissingDependencyError: If the runtime named is not installed.
    """
    require_offered(name)
    if name == "auto":
        is_better = _is_better("openvino", folder, note)
        return RUNTIMES["openvino"] if is_better else RUNTIMES["tensorflow"]
    return RUNTIMES[name]


def times_tensorflow(runtime: Runtime, folder: Path) -> float:
    """How many times as fast as TensorFlow a runtime was when it was probed; 1 if it was not."""
    key = verdict_key(runtime, _VERSION)
    return max(1.0, float(read_object(folder / "runtimes.json").get(key, {}).get(RATIO, 1.0)))


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


def _is_better(name: str, folder: Path, note: Note) -> bool:
    """Whether a runtime is there, right, and no slower than TensorFlow."""
    try:
        RUNTIMES[name].version()
    except MissingDependencyError:
        return False
    file, key = folder / "runtimes.json", verdict_key(RUNTIMES[name], _VERSION)

    def find() -> Verdict:
        verdict = {"runtime": name, **_probe_in_a_child(name)}
        if not verdict["passes"]:
            note(f"Runtime: tensorflow. {name} was tried and is not used: {verdict['because']}.")
        if not verdict["complete"]:
            _for_now[file, key] = verdict
        return verdict

    verdict = _for_now.get((file, key)) or remembered(file, key, find)
    return bool(verdict["passes"])


def _probe_in_a_child(name: str) -> dict[str, Any]:
    """The verdict on a runtime, whatever it does to the process that tries it."""
    source = str(Path(__file__).parents[3])  # importable there as it is here
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.json"
        # -P: a keras.py in the folder where the user works is not what is probed
        module = ["-P", "-m", "regraft.features.runtimes.probe"]
        command = [sys.executable, *module, name, str(result)]
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
            return {
                "passes": False,
                "because": f"no answer in {_TIMEOUT:.0f} s; the next run tries again",
                "complete": False,
            }
        answer = read_object(result)
    if not answer:
        return _without_answer(child.returncode)
    if answer["error"]:
        return {"passes": False, "because": answer["error"], "complete": True}
    off, ratio = answer["difference"], answer["times_as_fast"]
    return {
        "passes": off <= LARGEST_DIFFERENCE and ratio >= _LEAST_PACE,
        "because": f"differs from TensorFlow by {off:.1e} and is {ratio:.1f} times as fast",
        RATIO: ratio,
        "complete": True,
    }


def _without_answer(status: int) -> Verdict:
    """What a child that wrote nothing says: only a crash of its own is about the runtime."""
    from_outside = {-getattr(signal, name) for name in _FROM_OUTSIDE if hasattr(signal, name)}
    is_crash = status < 0 and status not in from_outside
    again = "" if is_crash else "; the next run tries again"
    return {
        "passes": False,
        "because": f"the child ended with status {status}{again}",
        "complete": is_crash,
    }

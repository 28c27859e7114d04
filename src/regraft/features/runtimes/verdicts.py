"""What was measured on this machine with these versions, remembered in a file of the cache."""

import contextlib
import hashlib
import json
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from regraft.errors import DiskSpaceError
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.storage import write_json

Verdict = dict[str, Any]  # plain data


def remembered(file: Path, key: str, find: Callable[[], Verdict]) -> Verdict:
    """The verdict under a key, found out if it is not there yet.

    It is written down unless it says that it is not `complete`, or there is no place for it. What
    others have written meanwhile stays.
    """
    known = read_object(file).get(key)
    if isinstance(known, dict):
        return known
    verdict = find()
    if verdict.get("complete", True):
        with contextlib.suppress(OSError, DiskSpaceError):  # it is found out again next time
            write_json(file, {**read_object(file), key: verdict})
    return verdict


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if it is missing or no such thing."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def verdict_key(runtime: Runtime, *facts: object) -> str:
    """Names a verdict on a runtime: by machine, versions, and what else it depends on."""
    everything = [
        platform.system(),
        platform.machine(),
        _processor(),
        platform.python_version(),
        metadata.version("keras"),
        TensorFlow().version(),
        runtime.version(),
        runtime.name,
        *map(repr, facts),
    ]
    return hashlib.sha256("\n".join(everything).encode()).hexdigest()[:16]


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line
    return platform.processor()

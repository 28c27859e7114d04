"""What a job costs: seconds by stage, and memory."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Counts seconds by stage, from when it is made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what runs inside as one stage."""
        started = time.perf_counter()
        yield
        self._stages[name] = round(time.perf_counter() - started, 3)

    def seconds(self) -> dict[str, float]:
        """Of every stage that ended, and in total until now."""
        return self._stages | {"total": round(time.perf_counter() - self._started, 3)}


def peak_memory_bytes() -> int | None:
    """The most memory this process has held so far; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

"""Imports Keras once and forks a child for every replay: a fresh process without the wait.

Started by path in the user's interpreter. Reads one JSON request a line on standard input, answers
one JSON line on the given file number. regraft's own modules come from `--source`; nothing else of
regraft's environment is visible to the script.
"""

import contextlib
import ctypes
import importlib.abc
import importlib.machinery
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

PR_SET_PDEATHSIG = 1


class _OnlyRegraft(importlib.abc.MetaPathFinder):
    """Finds `regraft` in the source folder, and nothing else there."""

    def __init__(self, source: str) -> None:
        self._source = source

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name == "regraft" or name.startswith("regraft."):
            where = path if path is not None else [self._source]
            return importlib.machinery.PathFinder.find_spec(name, where, target)
        return None


def main() -> None:
    """Serve replays until standard input closes."""
    _end_with_parent()
    source, answers, preload = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
    sys.path.pop(0)  # this file's folder is not the script's
    sys.meta_path.insert(0, _OnlyRegraft(source))
    _answer(answers, {"problem": _preload(preload)})
    for line in sys.stdin:
        settings = json.loads(line)
        _answer(answers, _fork(settings, answers))


def _preload(names: list[str]) -> str:
    """Import what every replay needs, and the rest to have it ready.

    Returns:
        Why no replay can run; "" if they can.
    """
    try:
        for name in ["numpy", "regraft.diagnose.agent.run", *names]:
            if name and name != "tensorflow":
                __import__(name)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    with contextlib.suppress(Exception):  # the script's to meet again, if it imports it at all
        if "tensorflow" in names:
            __import__("tensorflow")
    return ""


def _fork(settings: dict[str, Any], answers: int) -> dict[str, Any]:
    child = os.fork()
    if child == 0:
        os.close(answers)
        _become_script(settings)
    try:
        return _watch(child, settings)
    finally:  # what the script started, too: a server or workers would outlive it
        with contextlib.suppress(ProcessLookupError, PermissionError):  # none is left, or zombies
            os.killpg(child, signal.SIGKILL)


def _watch(child: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Wait for a replay, and end it at its limits."""
    started = time.monotonic()
    record = Path(settings["out"]) / "run.json"  # there once something was trained
    peak = 0
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            break
        resident = _resident(child)
        peak = max(peak, resident)
        limit = float(settings["seconds"])
        if not record.exists():
            limit = min(limit, float(settings.get("untrained_seconds", limit)))
        if time.monotonic() - started > limit or resident > settings["memory_bytes"]:
            os.kill(child, signal.SIGKILL)
            os.wait4(child, 0)
            over = "memory" if resident > settings["memory_bytes"] else "time"
            return {"status": f"out of {over}", "seconds": time.monotonic() - started, "peak": peak}
        time.sleep(0.05)
    return {
        "status": "ended" if os.WIFEXITED(status) else f"killed by signal {os.WTERMSIG(status)}",
        "seconds": time.monotonic() - started,
        "peak": usage.ru_maxrss * 1024,
    }


def _end_with_parent() -> None:
    """Let the kernel end this process with its parent, however that ends."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _become_script(settings: dict[str, Any]) -> None:
    """In the child: own session, closed input, captured output, private file system, then run."""
    _end_with_parent()
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    out = Path(settings["out"])
    out.mkdir(parents=True, exist_ok=True)
    log = os.open(out / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - for the life of the process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(settings["cwd"])
    code = 0
    try:
        from regraft.diagnose.agent import guard, isolate, run

        scratch, shared = Path(settings["scratch"]), Path(settings["shared"])
        try:
            isolate.overlay_everything(scratch, shared)
        except OSError:
            guard.refuse_changes(scratch, shared)
        run.replay(settings)
    except BaseException:  # noqa: BLE001 - the child must not return into the parent's loop
        import traceback

        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _answer(number: int, value: dict[str, Any]) -> None:
    os.write(number, (json.dumps(value) + "\n").encode())


if __name__ == "__main__":
    main()

"""Replays of the user's script in fresh processes of the user's interpreter."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.diagnose.rule import Repair
from regraft.errors import InvalidArgumentError, MissingFileError, expected_received
from regraft.memory import physical_memory

SOURCE = Path(__file__).parents[2]  # the folder that holds the package
ZYGOTE = Path(__file__).parent / "agent" / "zygote.py"
MEMORY_SHARE = 0.85  # of the machine's memory: one replay at a time
IMPORT_SECONDS = 300.0  # Keras and TensorFlow, from a cold disk: a minute was seen
ANSWER_SECONDS = 60.0  # beyond the time of a replay, which the other process keeps itself


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What one run of the script left behind."""

    # "done", "failed", "too slow", "too many", "out of time", "out of memory", "killed ..."
    status: str
    seconds: float
    peak_bytes: int
    record: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]] = field(repr=False)
    output: str = field(repr=False)

    @property
    def fits(self) -> Sequence[Mapping[str, Any]]:
        """Trainings, in order."""
        return self.record.get("fits", [])  # type: ignore[no-any-return]

    @property
    def scores(self) -> Sequence[Mapping[str, Any]]:
        """Accuracies the script computed, in order."""
        return self.record.get("scores", [])  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class Script:
    """The user's script, and how the user would run it: a notebook where it lies."""

    path: Path
    arguments: tuple[str, ...] = ()
    python: str = sys.executable
    cwd: Path = field(default_factory=Path.cwd)
    folder: Path | None = None  # where its sibling modules are, if it does not lie beside them

    def source(self) -> str:
        """The text, notebooks included as they are."""
        return self.path.read_text(encoding="utf-8", errors="replace")


class Replayer:
    """A process that has Keras imported and forks one child a replay. Use as a context."""

    def __init__(self, script: Script) -> None:
        if not script.path.is_file():
            is_folder = script.path.is_dir()
            raise MissingFileError(
                expected_received(
                    "a script or notebook",
                    f"{script.path}, which is {'a folder' if is_folder else 'not there'}",
                    "Give the file in it that trains the model."
                    if is_folder
                    else "Give its path from here, or from the root.",
                )
            )
        if script.path.suffix not in (".py", ".ipynb"):
            raise InvalidArgumentError(
                expected_received(
                    "a .py script or an .ipynb notebook",
                    script.path.name,
                    "Give the file that trains the model.",
                )
            )
        self.script = script
        self._folder = tempfile.TemporaryDirectory(prefix="regraft-why-")
        self.folder = Path(self._folder.name)
        self._count = 0
        self.predicts_whole = False  # a script may not bear rows that were not computed

    def __enter__(self) -> "Replayer":
        try:
            self._start()
        except OSError as error:
            self._folder.cleanup()
            raise self._unusable(error.strerror or str(error)) from None
        problem = str(self._answer(IMPORT_SECONDS)["problem"])
        if problem:
            self.__exit__(None, None, None)
            raise self._unusable(problem)
        return self

    def _start(self) -> None:
        """Start the interpreter and what it answers through."""
        read_end, write_end = os.pipe()
        self._answers = os.fdopen(read_end)
        environment = dict(os.environ, MPLBACKEND="Agg", PYTHONDONTWRITEBYTECODE="1")
        environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's interpreter on our own file
                [
                    self.script.python,
                    str(ZYGOTE),
                    str(SOURCE),
                    str(write_end),
                    ",".join(self._preload()),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(write_end,),
                env=environment,
                text=True,
            )
        except OSError:
            self._answers.close()
            raise
        finally:
            os.close(write_end)

    def _unusable(self, problem: str) -> InvalidArgumentError:
        last = (problem.strip().splitlines() or ["it ended"])[-1]
        return InvalidArgumentError(
            expected_received(
                "a Python interpreter with numpy and Keras",
                f"{self.script.python}: {last}",
                "Install there what the script needs, or name another with --python.",
            )
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        self._answers.close()
        self._folder.cleanup()

    def _preload(self) -> list[str]:
        """Keras, unless the script chooses its own backend; TensorFlow too if it names it."""
        text = self.script.source()
        if "KERAS_BACKEND" in text:
            return []
        return ["keras", "tensorflow"] if "tensorflow" in text else ["keras"]

    def run(
        self,
        repairs: Sequence[Repair] = (),
        *,
        fit_seconds: float,
        seconds: float,
        untrained_seconds: float | None = None,
        rows: Mapping[str, Any] | None = None,
        sizes: Mapping[int, int] | None = None,
        seed: int = 0,
        may_sample: bool = True,
        may_shrink: bool = False,
        all_fits_seconds: float | None = None,
        predicted: Mapping[str, int] | None = None,
        is_probed: bool = True,
    ) -> Replay:
        """Run the script once from start to end.

        Args:
            repairs: What this replay does differently.
            fit_seconds: Time one training may take before its rows are sampled.
            seconds: Time after which the replay is stopped.
            untrained_seconds: Likewise, where nothing was trained so far.
            rows: Rows a training may use, by its number: those of the unrepaired run.
            sizes: Whole numbers in the source to replace, to make the input smaller.
            seed: Of sampling, initialisation and shuffling.
            may_sample: May it choose its rows by the time they take? A replay that is compared
                with another may not.
            may_shrink: May it end early and ask for a smaller input, where even a small sample
                takes too long?
            all_fits_seconds: Time that many trainings may take together: else it ends early and
                asks for shorter ones. None: as long as they take.
            predicted: Rows that a long `predict` computes, by the number of all: likewise.
            is_probed: Will rules judge the run? One that is only scored measures much less.
        """
        self._count += 1
        out = self.folder / "shared" / f"run{self._count}"
        scratch = self.folder / f"scratch{self._count}"
        out.mkdir(parents=True)
        settings = {
            "script": str(self.script.path.resolve()),
            "arguments": list(self.script.arguments),
            "cwd": str(self.script.cwd.resolve()),
            "folder": str((self.script.folder or self.script.path.resolve().parent).resolve()),
            "out": str(out),
            "shared": str(self.folder / "shared"),
            "scratch": str(scratch),
            "repairs": [{"kind": r.kind, "parameters": dict(r.parameters)} for r in repairs],
            "fit_seconds": fit_seconds,
            "seconds": seconds,
            "untrained_seconds": seconds if untrained_seconds is None else untrained_seconds,
            "rows": dict(rows or {}),
            "sizes": {str(k): v for k, v in (sizes or {}).items()},
            "may_shrink": may_shrink,
            "all_fits_seconds": all_fits_seconds,
            "seed": seed,
            "may_sample": may_sample,
            "predicted": dict(predicted or {}),
            "predicts_whole": self.predicts_whole,
            "is_probed": is_probed,
            "memory_bytes": int(MEMORY_SHARE * physical_memory()),
        }
        stdin = self._process.stdin
        if stdin is None or self._process.poll() is not None:
            return _dead("the interpreter ended")
        stdin.write(json.dumps(settings) + "\n")
        stdin.flush()
        return self._collect(self._answer(seconds + ANSWER_SECONDS), out)

    def _answer(self, seconds: float) -> dict[str, Any]:
        """The next answer; where there is none in this time, the process is ended."""
        if not select.select([self._answers], [], [], seconds)[0]:
            self._process.kill()
            self._process.wait()
            return {"status": "died", "problem": f"no answer in {seconds:.0f} s"}
        line = self._answers.readline()
        if not line:
            errors = self._process.stderr.read() if self._process.stderr else ""
            return {"status": "died", "problem": errors[-2000:] or "it ended"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    @staticmethod
    def _collect(answer: Mapping[str, Any], out: Path) -> Replay:
        record: dict[str, Any] = {}
        arrays: dict[str, npt.NDArray[Any]] = {}
        if (out / "run.json").exists():
            record = json.loads((out / "run.json").read_text(encoding="utf-8"))
            with np.load(out / "arrays.npz", allow_pickle=False) as held:
                arrays = {name: held[name] for name in held.files}
        elif (out / "by_hand.json").exists():  # it was ended within a loop of its own
            record = {"events": json.loads((out / "by_hand.json").read_text(encoding="utf-8"))}
        log = out / "output.txt"
        output = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        status = str(answer.get("status", "died"))
        if status == "ended":
            status = str(record.get("status", "died"))
        return Replay(
            status=status,
            seconds=float(answer.get("seconds", 0.0)),
            peak_bytes=int(answer.get("peak", 0)),
            record=record,
            arrays=arrays,
            output=output[-20_000:],
        )


def _dead(why: str) -> Replay:
    return Replay(status="died", seconds=0.0, peak_bytes=0, record={}, arrays={}, output=why)

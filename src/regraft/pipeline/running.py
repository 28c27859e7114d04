"""The folder of an unfinished run: reserved before the work, so that it can be resumed."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import filelock

from regraft.artefact.classifier import Classifier
from regraft.artefact.runs import (
    CHECKPOINT,
    RUN,
    is_unfinished,
    require_new,
    write_to_next_free,
)
from regraft.artefact.store import save_into
from regraft.errors import (
    ArtefactError,
    InvalidArgumentError,
    MissingFileError,
    RegraftError,
    expected_received,
)
from regraft.storage import atomic_folder, remove_folder, write_json

SCHEMA = 1  # of the record
_LOCK = "lock"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Run:
    """A folder that will hold an artefact, and until then holds how far it has come.

    Attributes:
        folder: Where the artefact goes.
        facts: Plain data: the `request` and the `command` that it began with, and, once they are
            decided, the `plan` in place of what was `auto` and the `race` that it won.
    """

    folder: Path
    facts: Mapping[str, Any]
    lock: filelock.BaseFileLock

    @property
    def checkpoint(self) -> Path:
        """What is needed to go on; gone once the run is finished."""
        return self.folder / CHECKPOINT

    @classmethod
    def begin(cls, out: Path | None, *, name: str, facts: Mapping[str, Any]) -> "Run":
        """Reserve `out`, or the next free `runs/NAME-N`.

        Raises:
            InvalidArgumentError: If `out` is there already.
        """

        def reserve(folder: Path) -> None:
            with atomic_folder(folder) as new:
                (new / CHECKPOINT).mkdir()
                write_json(new / CHECKPOINT / RUN, {**facts, "schema": SCHEMA})

        if out is None:
            folder = write_to_next_free(name, reserve)
        else:
            require_new(out)
            reserve(out)
            folder = out
        return cls(folder=folder, facts=facts, lock=_locked(folder))

    @classmethod
    def resume(cls, folder: Path) -> "Run":
        """Take up a run that was killed or stopped.

        Raises:
            MissingFileError: If there is no such folder.
            InvalidArgumentError: If it is finished, or another process works on it.
            ArtefactError: If its record is damaged.
        """
        if not folder.is_dir():
            raise MissingFileError(
                expected_received(
                    "the folder of a run that `regraft fit` began",
                    f"{folder}, which is none",
                    "If nothing was written there yet, run the same `regraft fit` again.",
                )
            )
        record = folder / CHECKPOINT / RUN
        if not is_unfinished(folder):
            raise InvalidArgumentError(
                expected_received(
                    "a run that can go on",
                    f"{folder}, which has no {CHECKPOINT} folder: it is finished, or no run",
                    "Use it as it is, or start a new one.",
                )
            )
        lock = _locked(folder)
        try:
            facts = _facts_in(record)
        except ArtefactError:
            lock.release()
            raise
        return cls(folder=folder, facts=facts, lock=lock)

    def with_facts(self, **facts: Any) -> "Run":
        """The same with more facts about how it goes on, on disk too.

        Raises:
            DiskSpaceError: If the disk is full; the facts before stay.
        """
        changed = replace(self, facts={**self.facts, **facts})
        write_json(self.checkpoint / RUN, {**changed.facts, "schema": SCHEMA})
        return changed

    def complete(self, classifier: Classifier, *, command: str, keep_checkpoint: bool) -> Path:
        """Write the artefact; with that the run is over, unless its checkpoint is kept.

        Raises:
            DiskSpaceError: If the disk is full; the run can be resumed.
        """
        save_into(self.folder, classifier, command=command)
        self.lock.release()
        if not keep_checkpoint:
            remove_folder(self.checkpoint)
        return self.folder

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes away inside, and no longer."""
        try:
            yield
        finally:
            self.lock.release()

    @contextlib.contextmanager
    def unless_in_vain(self) -> Iterator[None]:
        """Leave no trace of a run that a wrong argument or bad data ended before its plan."""
        try:
            yield
        except RegraftError:
            if {path.name for path in self.checkpoint.iterdir()} <= {RUN, _LOCK}:
                self.lock.release()
                shutil.rmtree(self.folder)
                with contextlib.suppress(OSError):  # other runs are in it
                    self.folder.parent.rmdir()
            raise


def _facts_in(record: Path) -> dict[str, Any]:
    try:
        facts = json.loads(record.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(record, f"{error}") from error
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        schema = facts.get("schema") if isinstance(facts, dict) else None
        raise _damaged(record, f"schema {schema!r}, not {SCHEMA}")
    for name, kind in (("request", dict), ("command", str), ("plan", dict), ("race", list)):
        is_there = isinstance(facts.get(name), kind)
        if not is_there and (name in facts or name in ("request", "command")):
            raise _damaged(record, f"no {name} in it")
    return facts


def _damaged(record: Path, found: str) -> ArtefactError:
    return ArtefactError(
        expected_received(f"{record} as it was written", found, "Start a new run.")
    )


def _locked(folder: Path) -> filelock.BaseFileLock:
    lock = filelock.FileLock(folder / CHECKPOINT / _LOCK)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise InvalidArgumentError(
            expected_received(
                f"{folder} to be nobody else's",
                "another process that works on it",
                "Wait for it, or stop it.",
            )
        ) from error
    return lock

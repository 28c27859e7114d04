"""What one run leaves behind: events in order, facts by name, and small samples of pictures.

Written after every training and at the end, so that a run that is stopped still tells what it
had seen.
"""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from regraft.diagnose.agent import sites
from regraft.diagnose.failure import failure

MAX_EVENTS_A_SITE = 20  # a call in a loop is told this often, then only counted


class Recorder:
    """Collects; decides nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self.fits: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        self.failures: list[str] = []  # of our own probes, a line each
        self.arrays: dict[str, np.ndarray] = {}
        self._counts: dict[tuple[str, str, int], int] = {}

    def event(self, what: str, site: dict[str, Any] | None = None, **details: Any) -> None:
        """Note one call of interest at the user's current line (or at `site`)."""
        where = site or sites.here()
        if where is None:
            return  # a library talking to itself
        key = (what, where["file"], where["line"])
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] <= MAX_EVENTS_A_SITE:
            self.events.append({"what": what, "site": where, "details": details})
        if what == "custom-training-loop" and self._counts[key] == 1:
            # nothing else may be written before such a loop ends, or is ended
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.folder / "by_hand.json.part"
            temporary.write_text(json.dumps(self.events[-1:]), encoding="utf-8")
            temporary.replace(self.folder / "by_hand.json")

    def attempt(self, what: str, probe: Callable[..., object], *arguments: Any) -> None:
        """Run a probe that the replay can do without: one that breaks is noted, not raised."""
        try:
            probe(*arguments)
        except Exception as error:  # noqa: BLE001 - the user's script must go on
            self.failed(what, error)

    def failed(self, what: str, error: Exception) -> None:
        """Note that something of ours broke: what, and on what."""
        self.failures.append(failure(what, error))

    def write(self, **more: Any) -> None:
        """Put everything on disk, atomically."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "events": self.events,
            "fits": self.fits,
            "scores": self.scores,
            "facts": self.facts,
            "failures": self.failures,
            **more,
        }
        temporary = self.folder / "run.json.part"
        temporary.write_text(json.dumps(state, default=_plain), encoding="utf-8")
        arrays = self.folder / "arrays.part.npz"
        plain = {name: unpickled(array) for name, array in self.arrays.items()}
        np.savez(arrays, allow_pickle=False, **plain)
        arrays.replace(self.folder / "arrays.npz")
        temporary.replace(self.folder / "run.json")


def unpickled(array: np.ndarray) -> np.ndarray:
    """The same values in an array that any numpy reads, without pickled objects.

    A column of a data frame is a list of such, even of whole numbers only; what else it holds
    becomes text. Short floats of other libraries, bfloat16 for one, become float32.
    """
    if array.dtype.kind == "V" and array.dtype.type is not np.void:
        return array.astype(np.float32)
    if array.dtype.kind != "O":
        return array
    with contextlib.suppress(ValueError):  # rows of several lengths
        plain = np.array(array.tolist())
        if plain.dtype.kind != "O":
            return plain
    return np.array([str(value) for value in array.ravel()]).reshape(array.shape)


def _plain(value: Any) -> Any:
    """What JSON does not know: numpy numbers and arrays as lists, all else as text."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)


RECORD = Recorder(Path())  # replaced by the run; one process makes one run

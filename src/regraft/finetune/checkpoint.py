"""A training run on disk, complete at every moment: what was decided, and how far it has come.

    plan.json             the training plan; once it is there, nothing is decided anew
    start.safetensors     the head that training begins with
    training.safetensors  weights, averages, best so far, moments of the optimiser; in its header
                          the step, the history and the clock

Each file is replaced as a whole, so a kill or a full disk leaves the one before. Tensors are
safetensors and all else JSON: nothing is unpickled.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from regraft.errors import ArtefactError, expected_received
from regraft.finetune.network import Start, Tensors
from regraft.finetune.plan import TrainingPlan
from regraft.records import LinearHead
from regraft.storage import atomic_file, write_json

PLAN, START, TRAINING = "plan.json", "start.safetensors", "training.safetensors"

_HEADER = "progress"  # of the safetensors file: its values are text
# what reading an altered file comes to: no JSON, no such key, tensors that numpy does not know
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError)
_START_AGAIN = "Delete the run's folder and start again."


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What one state of the weights is worth on the validation sample."""

    step: int
    weights: str  # "last" as they are, or "averaged"
    accuracy: float
    loss: float  # mean cross-entropy at the best temperature, in nats
    training_loss: float  # mean over the steps since the evaluation before


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a run has come. Everything but the tensors."""

    steps: int  # planned as of now
    step: int = 0  # done
    seconds: float = 0.0  # of the run's budget
    loss_sum: float = 0.0  # of training, since the last evaluation
    loss_count: int = 0
    since_best: int = 0  # evaluations
    best: Evaluation | None = None
    history: list[Evaluation] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data; floats come back to the bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Progress":
        """The inverse of `as_json`."""
        best = value["best"]
        facts = value | {
            "best": None if best is None else Evaluation(**best),
            "history": [Evaluation(**each) for each in value["history"]],
        }
        return cls(**facts)


@dataclass(kw_only=True, slots=True, eq=False)
class State:
    """All that a run needs to go on as if it had not been interrupted."""

    progress: Progress
    learnt: Tensors
    average: Tensors
    best: Tensors
    optimiser: Tensors


class Checkpoint:
    """The files of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write_plan(self, plan: TrainingPlan, start: Start, notes: Mapping[str, Any]) -> None:
        """Write down what was decided, before the first step.

        Args:
            plan: Of the training.
            start: The head and the spread of its features.
            notes: Plain data about how the plan was chosen, kept for the report.

        Raises:
            DiskSpaceError: If the disk is full.
        """
        head = start.head
        _write(
            self.folder / START,
            {"kernel": head.kernel, "bias": head.bias, "mean": start.mean, "scale": start.scale},
            {"l2": head.l2, "temperature": head.temperature},
        )
        # last: its presence says that everything else was decided and written
        write_json(self.folder / PLAN, {"plan": plan.as_json(), "notes": dict(notes)})

    @property
    def has_plan(self) -> bool:
        """Whether `write_plan` has been here."""
        return (self.folder / PLAN).exists()

    def read_plan(self) -> tuple[TrainingPlan, Start, dict[str, Any]] | None:
        """What `write_plan` wrote, or None before that.

        Raises:
            ArtefactError: If a file is damaged.
        """
        path = self.folder / PLAN
        if not path.is_file():
            return None
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            tensors, numbers = _read(self.folder / START)
            head = LinearHead(kernel=tensors["kernel"], bias=tensors["bias"], **numbers)
            start = Start(head=head, mean=tensors["mean"], scale=tensors["scale"])
            return TrainingPlan.from_json(value["plan"]), start, value["notes"]
        except _DAMAGE as error:
            raise _damaged(path, error) from error

    def save(self, state: State) -> None:
        """Replace the state on disk.

        Raises:
            DiskSpaceError: If the disk is full; the state before stays.
        """
        parts = {
            "learnt": state.learnt,
            "average": state.average,
            "best": state.best,
            "optimiser": state.optimiser,
        }
        tensors = {
            f"{part}/{name}": values
            for part, named in parts.items()
            for name, values in named.items()
        }
        _write(self.folder / TRAINING, tensors, state.progress.as_json())

    def seconds(self) -> float:
        """Of the run's budget, as the last state saved says; 0 before the first.

        Raises:
            ArtefactError: If the file is damaged.
        """
        path = self.folder / TRAINING
        if not path.is_file():
            return 0.0
        try:
            return float(_read_header(path)["seconds"])
        except _DAMAGE as error:
            raise _damaged(path, error) from error

    def load(self) -> State | None:
        """The last state saved, or None before the first.

        Raises:
            ArtefactError: If the file is damaged.
        """
        path = self.folder / TRAINING
        if not path.is_file():
            return None
        try:
            tensors, progress = _read(path)
            parts: dict[str, Tensors] = {"learnt": {}, "average": {}, "best": {}, "optimiser": {}}
            for name, values in tensors.items():
                part, _, rest = name.partition("/")
                parts[part][rest] = values
            return State(progress=Progress.from_json(progress), **parts)
        except _DAMAGE as error:
            raise _damaged(path, error) from error


def _write(path: Path, tensors: Tensors, header: dict[str, Any]) -> None:
    from safetensors.numpy import save

    content = save(
        {name: np.asarray(values, order="C") for name, values in tensors.items()},
        metadata={_HEADER: json.dumps(header, allow_nan=False)},
    )
    with atomic_file(path) as file:
        file.write(content)


def _read(path: Path) -> tuple[Tensors, dict[str, Any]]:
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, _header_of(file)  # noqa: SIM118


def _read_header(path: Path) -> dict[str, Any]:
    with _opened(path) as file:
        return _header_of(file)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _header_of(file: Any) -> dict[str, Any]:
    header: dict[str, Any] = json.loads((file.metadata() or {})[_HEADER])
    return header


def _damaged(path: Path, error: Exception) -> ArtefactError:
    return ArtefactError(expected_received(f"{path} as it was written", f"{error}", _START_AGAIN))

"""The answer of `why`, as plain records: what the terminal, the page and the JSON show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from regraft.diagnose.evidence import Site
from regraft.diagnose.rule import Repair

SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """One replay with these repairs, and the accuracy it reached."""

    repairs: tuple[str, ...]  # rule ids; () is the script as it is
    accuracy: float
    n: int  # validation rows scored
    seed: int
    seconds: float
    input_size: int  # side of the pictures in this replay, 0 if not pictures


@dataclass(frozen=True, kw_only=True, slots=True)
class Gain:
    """What a cause costs. Accuracies are fractions; differences may be negative."""

    kind: Literal["accuracy", "honesty"]
    only_this: float | None = None  # acc(this repaired) - observed
    all_but_this: float | None = None  # acc(all repaired) - acc(all but this repaired)
    interval: tuple[float, float] | None = None  # 95 %, of the larger of the two
    claimed: float | None = None  # kind "honesty": the number the script reports ...
    honest: float | None = None  # ... and the one that holds
    arms: tuple[Arm, ...] = ()

    @property
    def points(self) -> float:
        """The size by which causes are ranked."""
        if self.kind == "honesty":
            return abs((self.claimed or 0.0) - (self.honest or 0.0))
        return max(self.only_this or 0.0, self.all_but_this or 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """A finding: a broken mechanism, where it is, what it costs, and how to mend it."""

    id: str
    name: str
    family: str
    because: str
    where: tuple[Site, ...]
    gain: Gain
    fix: str
    repairs: tuple[Repair, ...]
    patch: str | None = None  # unified diff of this repair alone, where the edit is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Considered:
    """A rule that fired, or might have, and is not a finding; with what it was measured to gain."""

    id: str
    verdict: str
    because: str
    gain: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptError:
    """How the user's script failed."""

    type: str
    message: str
    file: str
    line: int
    traceback: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """Pictures to look at, as they reach the network and as they should; uint8 (n, h, w, 3)."""

    as_fed: npt.NDArray[np.uint8]
    repaired: npt.NDArray[np.uint8] | None
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Material:
    """Pictures of the best replay, as bytes: what a reference classifier may be fitted on."""

    train: npt.NDArray[np.uint8]  # (n, h, w, 1 or 3)
    train_labels: npt.NDArray[np.int64]
    validation: npt.NDArray[np.uint8]
    validation_labels: npt.NDArray[np.int64]
    backbone: str | None  # of the script, where it is a known one
    input_size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """Everything `why` found out about one script."""

    script: str
    observed: float | None  # validation accuracy, measured in inference mode
    claimed: float | None  # the number the script itself printed, where it has one
    chance: float | None
    n_validation: int
    source_call: str  # "fit", "evaluate", "predict", "sklearn"
    source_site: Site | None
    repaired_script: float | None
    regraft_fit: float | None
    findings: tuple[Cause, ...] = ()
    considered: tuple[Considered, ...] = ()
    unknown: tuple[Considered, ...] = ()
    error: ScriptError | None = None
    notes: tuple[str, ...] = ()  # sampled rows, a smaller input, several seeds: one sentence each
    seconds: float = 0.0
    pictures: Pictures | None = None
    material: Material | None = None
    fixed: float | None = None  # accuracy of the patched script, where it was written and run
    history: Mapping[str, Any] = field(
        default_factory=dict
    )  # losses per epoch and such, for charts

    @property
    def unexplained(self) -> float | None:
        """What `regraft fit` reaches above the repaired script."""
        if self.regraft_fit is None or self.repaired_script is None:
            return None
        return max(0.0, self.regraft_fit - self.repaired_script)

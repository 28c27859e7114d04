"""What a search found: scored plans, the front of accuracy against cost, and the plan chosen."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.data.source import BadImage
from regraft.evaluate.intervals import wilson
from regraft.features.graph import Request
from regraft.planning.default import Choice
from regraft.planning.judge import n_folds
from regraft.records import FloatArray

Json = dict[str, Any]
Key = tuple[str, int, tuple[Request, ...]]  # backbone, size, taps with their grids


def key_of(choice: Choice) -> Key:
    """What tells a plan from all others."""
    return choice.row.name, choice.size, choice.requests


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scored:
    """A plan, how it did on the probe, and what it costs."""

    choice: Choice
    correct: npt.NDArray[np.bool_]  # (n,) on the first n pictures of the probe
    images_per_second: float  # of the last pass it was read in; of its own where latency is known
    seconds_spent: float  # its share of passes and scoring
    rung: int  # the last one it took part in, from 0
    l2_per_feature: float | None = None  # of the real head; None where only screened
    latency_ms: float | None = None  # of a single picture; None where not measured
    dropped: str = ""  # why it went no further, in words
    # (n,) What of each picture the real head is not sure of, on the scale of the mistakes; None
    # where only screened, or with too few mistakes to calibrate on.
    doubt: FloatArray | None = None

    @property
    def key(self) -> Key:
        """What tells its plan from all others."""
        return key_of(self.choice)

    @property
    def accuracy(self) -> float:
        """On the probe, each picture left out in its turn. A fraction."""
        return float(self.correct.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of `accuracy`."""
        return wilson(int(self.correct.sum()), len(self.correct))

    @property
    def error(self) -> float:
        """The mean doubt, or else one minus the accuracy: half a picture where none was wrong.

        Mistakes are few, and doubts are many: on 7,000 digits two backbones were 3.3 standard
        errors apart in their mistakes and 5.3 in their doubts, others 1.3 and 2.1.
        """
        if self.doubt is not None:
            return float(self.doubt.mean())
        n = len(self.correct)
        return max(n - float(self.correct.sum()), 0.5) / n

    @property
    def n_fitted(self) -> int:
        """Pictures its classifiers were fitted to when it was scored."""
        n = len(self.correct)
        return n - 1 if self.l2_per_feature is None else n - n // n_folds(n)

    def as_json(self) -> Json:
        """One candidate of `regraft search --json`. Two taps are written `a+b`, grids `p+q`."""
        taps, grids = self.choice.taps, self.choice.grids
        return {
            "backbone": self.choice.row.name,
            "size": self.choice.size,
            "tap": "+".join(taps),
            "grid": grids[0] if len(grids) == 1 else "+".join(map(str, grids)),
            "val_accuracy": self.accuracy,
            "interval": list(self.interval),
            "n": len(self.correct),
            "images_per_second": round(self.images_per_second, 2),
            "latency_ms": None if self.latency_ms is None else round(self.latency_ms, 2),
            "seconds_spent": round(self.seconds_spent, 3),
            "rung": self.rung,
            "dropped": self.dropped or None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """A pass that was never made, with all the plans that needed it."""

    backbone: str
    size: int
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was learnt about all plans together."""

    power: float  # of the learning curve of plans of usual width
    width: float  # usual number of features
    seconds_per_value: float  # of a final head, per feature of a training picture
    seconds_to_go: float = 0.0  # of the search


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SearchResult:
    """All plans that were scored, the best informed first."""

    candidates: tuple[Scored, ...]
    chosen: int
    skipped: tuple[Skipped, ...]
    floors: Mapping[str, float]
    n_probe: int  # pictures of the probe that the last rung saw
    seen: Seen
    seconds: float
    left_out: tuple[BadImage, ...] = ()  # pictures that cannot be read

    @property
    def best(self) -> Scored:
        """The plan chosen."""
        return self.candidates[self.chosen]

    @property
    def winning_floor(self) -> str | None:
        """The best floor, if it is as good as the plan chosen: then no backbone is needed."""
        name = max(self.floors, key=self.floors.__getitem__, default=None)
        return name if name is not None and self.floors[name] >= self.best.accuracy else None

    @property
    def front(self) -> tuple[int, ...]:
        """Of the last rung: candidates that no other beats in accuracy at no higher cost."""
        last = max(scored.rung for scored in self.candidates)
        return front(self.candidates, [i for i, c in enumerate(self.candidates) if c.rung == last])

    def compared(self, most: int = 6) -> Json:
        """The plan chosen and the best of each backbone and size that it beat, best known first.

        Args:
            most: Plans that are kept.
        """
        first_of = {self.best.key[:2]: self.best}
        for scored in self.candidates:
            first_of.setdefault(scored.key[:2], scored)
        return {
            "n_plans": len(self.candidates),
            "plans": [scored.as_json() for scored in list(first_of.values())[:most]],
        }

    def as_json(self) -> Json:
        """What `regraft search --json` writes."""
        return {
            "schema": 1,
            "candidates": [scored.as_json() for scored in self.candidates],
            "chosen": self.chosen,
            "front": list(self.front),
            "floors": dict(self.floors),
            "winning_floor": self.winning_floor,
            "skipped": [
                {"backbone": s.backbone, "size": s.size, "because": s.because} for s in self.skipped
            ],
            "seconds": round(self.seconds, 2),
            "left_out": [bad.as_json() for bad in self.left_out],
        }


def front(scored: Sequence[Scored], among: Sequence[int]) -> tuple[int, ...]:
    """Row numbers of what nothing else beats in both accuracy and speed, fastest first."""
    fastest_first = sorted(
        among, key=lambda i: (-scored[i].images_per_second, -scored[i].accuracy, i)
    )
    kept: list[int] = []
    for i in fastest_first:
        if not kept or scored[i].accuracy > scored[kept[-1]].accuracy:
            kept.append(i)
    return tuple(kept)


def choose_best(
    scored: Sequence[Scored], among: Sequence[int], *, worth: Callable[[Scored], float]
) -> int:
    """The row number of the plan worth most; of those within the noise, the fastest.

    Args:
        scored: Plans, those of `among` scored on the same pictures.
        among: Which may be chosen; at least one.
        worth: What a plan is worth, on the scale of the accuracy.
    """
    # asked once of each: the time left takes part in it, and runs on
    worths = {i: worth(scored[i]) for i in among}
    best = max(among, key=lambda i: (worths[i], scored[i].images_per_second))
    # where more training makes errors fewer, it makes their differences smaller too
    scale = min(1.0, (1 - worths[best]) / scored[best].error)
    tied = [
        i
        for i in among
        if worths[best] - worths[i] <= scale * paired_noise(scored[best], scored[i])
    ]
    return max(tied, key=lambda i: (scored[i].images_per_second, worths[i]))


def paired_noise(one: Scored, other: Scored) -> float:
    """Standard error of the difference of two plans' errors on the same pictures.

    Zero for a plan and itself.
    """
    n = min(len(one.correct), len(other.correct))
    if one.doubt is None or other.doubt is None:
        difference = one.correct[:n].astype(np.float64) - other.correct[:n]
    else:
        difference = one.doubt[:n].astype(np.float64) - other.doubt[:n]
    return float(difference.std()) / math.sqrt(n)

"""What a training run will do, decided and written down before its first step."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from regraft.errors import InvalidArgumentError, expected_received
from regraft.features.stream import default_batch_size
from regraft.finetune.augment import Variety

EPOCHS_AT_MOST = 40  # of a run that goes by the clock
EVALUATIONS_AT_LEAST = 4  # over the whole run
PATIENCE = (4, 1 / 3)  # evaluations without a better one: at least, and as a part of all
LARGEST_BATCH, SMALLEST_BATCH = 64, 8
_STEPS_AN_EPOCH = 20  # so many at least, as far as the smallest batch allows


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPlan:
    """All that decides the weights, apart from the data and the start."""

    seed: int
    n_train: int
    batch_size: int
    steps: int
    evaluate_every: int  # steps
    rate: float  # the largest
    blocks: tuple[int, ...]  # numbers of those trained, from the pixels on; () is the head alone
    precision: str
    variety: Variety
    mixup: bool
    by_clock: bool  # `steps` is a forecast, and renewed on the way

    @property
    def steps_an_epoch(self) -> int:
        """Whole batches in the training pictures."""
        return self.n_train // self.batch_size

    @property
    def steps_at_most(self) -> int:
        """Where a run that goes by the clock ends, however much time is left."""
        return EPOCHS_AT_MOST * self.steps_an_epoch

    @property
    def patience(self) -> int:
        """Evaluations without a better one after which a run ends early.

        Long, since much of what a run gains it gains at its end, where the rate is small.
        """
        least, part = PATIENCE
        return max(least, round(part * self.steps / self.evaluate_every))

    @property
    def epochs(self) -> float:
        """Passes over the training pictures."""
        return self.steps / self.steps_an_epoch

    def lasting(self, steps: int) -> "TrainingPlan":
        """The same for so many steps."""
        return replace(self, steps=steps, evaluate_every=evaluate_every(steps, self.steps_an_epoch))

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the run's folder."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TrainingPlan":
        """The inverse of `as_json`.

        Raises:
            InvalidArgumentError: If it is no such data.
        """
        try:
            facts = value | {
                "blocks": tuple(value["blocks"]),
                "variety": Variety(**value["variety"]),
            }
            return cls(**facts)
        except (KeyError, TypeError) as error:
            raise InvalidArgumentError(
                expected_received("the plan of a training run", f"{error}")
            ) from error


def batch_size_for(n_train: int, size: int) -> int:
    """Pictures a step: several steps an epoch, and maps of every layer that memory holds.

    Args:
        n_train: Pictures to train on.
        size: Side in pixels of what the network sees.
    """
    wanted = max(SMALLEST_BATCH, min(LARGEST_BATCH, n_train // _STEPS_AN_EPOCH))
    return min(wanted, default_batch_size(size), n_train)


def evaluate_every(steps: int, steps_an_epoch: int) -> int:
    """Once an epoch, and at least a few times in the run."""
    return max(1, min(steps_an_epoch, -(-steps // EVALUATIONS_AT_LEAST)))

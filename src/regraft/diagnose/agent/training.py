"""One `fit` of the script's, from the rows it is given to the record it leaves."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regraft.diagnose.agent import anatomy, feeds, samples

# A frozen network's head is near its best within some epochs, and early stopping waits in between.
UNTIL_BEST, PATIENCES = 5, 3


@dataclass(kw_only=True)
class Fit:
    """What is known of a training while it goes on."""

    model: Any
    train: feeds.Feed
    validation: feeds.Feed | None
    arguments: dict[str, Any]  # of `Model.fit`, by name
    site: dict[str, Any] | None
    number: int
    how: str  # where validation comes from: "split", "data", "none"
    record: dict[str, Any] = field(default_factory=dict)  # what ends up in the run's record
    sample: np.ndarray = field(default_factory=lambda: np.zeros(0, int))  # training rows looked at
    kept: np.ndarray = field(default_factory=lambda: np.zeros(0, int))  # as first read
    duplicates: np.ndarray = field(default_factory=lambda: np.zeros(0, int))  # validation rows
    kernels: dict[int, np.ndarray] = field(default_factory=dict)  # before training, by id
    statistics: dict[int, np.ndarray] = field(default_factory=dict)  # of BatchNorm, likewise
    rates: Any = None  # callback that notes the learning rate, where others may change it
    trained: Any = None  # the model whose metrics were updated: all of it, or its unfrozen part

    @property
    def epochs(self) -> int:
        """How often the rows are gone through."""
        first = int(self.arguments.get("initial_epoch") or 0)
        return max(1, int(self.arguments.get("epochs", 1)) - first)

    @property
    def expected_epochs(self) -> int:
        """How often they likely are, where a callback may stop the training much earlier."""
        patiences = [
            int(getattr(callback, "patience", 0) or 0)
            for callback in samples.flat(self.arguments.get("callbacks"))
            if "EarlyStopping" in type(callback).__name__
        ]
        return min([self.epochs, *(UNTIL_BEST + PATIENCES * patience for patience in patiences)])

    @property
    def batch_size(self) -> int:
        """Rows of one update."""
        return self.train.batch_size or 32

    @property
    def base(self) -> dict[str, Any] | None:
        """The pretrained network in the model, if it is a known one."""
        return anatomy.base_of(self.model)

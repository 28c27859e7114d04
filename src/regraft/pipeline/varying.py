"""Features of training pictures as they might also have been taken, for a head to learn from."""

import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regraft.adapt.views import View
from regraft.deadline import Deadline
from regraft.features.reader import Reader
from regraft.finetune.augment import commonest, propose
from regraft.heads.linear import logits
from regraft.heads.subsample import stratified_rows
from regraft.memory import physical_memory
from regraft.observer import Observer
from regraft.pipeline.preparing import Ready
from regraft.records import FloatArray, LinearHead

_ASKED = 1_000  # validation pictures that the head is asked about in each variation
_READINGS = 8  # of them at most: as they are, and one by one in every variation
_LOAD_SECONDS = 3.0
_MEMORY_SHARE = 0.15  # of the machine's, beside the features of pictures as they are
# Of the training pictures: fewer varied ones would change little, and were not measured.
LEAST_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Varying:
    """The frozen head, which says what keeps the classes, and the pictures it was fitted to."""

    ready: Ready
    head: LinearHead
    seed: int
    observer: Observer

    def rows(self, deadline: Deadline, *, passes: int, a_row: float) -> FloatArray | None:
        """Features (m, d) of the first m training pictures, each varied.

        Args:
            deadline: When the head must have been fitted to them.
            passes: The least that it is to be trained over all rows, varied or not.
            a_row: Seconds it takes to train on a row once.

        Returns:
            None where there is no time or room for enough of them, or where no variation was
            measured to keep the classes.
        """
        ready = self.ready
        rows, n_asked = ready.split.train, min(_ASKED, len(ready.split.validation))
        a_reading = ready.features.seconds / len(ready.images)
        spare = (
            deadline.left()
            - _LOAD_SECONDS
            - _READINGS * n_asked * a_reading
            - passes * a_row * len(rows)
        )
        room = int(_MEMORY_SHARE * physical_memory() / (4 * len(self.head.kernel)))
        m = min(len(rows), room, int(spare / (a_reading + passes * a_row)))
        if m < LEAST_SHARE * len(rows):
            return None
        began = time.perf_counter()
        labels = ready.images.labels[ready.split.validation]
        sample = ready.split.validation[stratified_rows(labels, n_asked, seed=self.seed)]
        never = Deadline(float("inf"))

        def rightly(views: list[View]) -> npt.NDArray[np.bool_]:
            features = self._reader.read(sample, views, never)
            right: npt.NDArray[np.bool_] = (
                logits(self.head, features).argmax(axis=1) == ready.images.labels[sample]
            )
            return right

        guessed = commonest(ready.images.labels[sample])
        variety, _ = propose(rightly, len(sample), guessed=guessed, seed=self.seed)
        if variety.is_none:
            return None
        views = variety.draw(m, np.random.default_rng((self.seed, m)))
        training = passes * a_row * (len(rows) + m)
        features = self._reader.read(rows[:m], views, deadline.before(training))
        self.observer.note(
            f"{len(features):,} training pictures were also read varied ({variety}; "
            f"{time.perf_counter() - began:.0f} s)."
        )
        return features

    @cached_property
    def _reader(self) -> Reader:
        ready = self.ready
        return Reader.of(
            ready.images,
            row=ready.choice.row,
            weights=ready.weights,
            size=ready.choice.size,
            requests=ready.choice.requests,
            runtime=ready.features.runtime,
        )

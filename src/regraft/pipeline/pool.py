"""The pictures of a job in the order they are read in, so that a part of them will do."""

from dataclasses import dataclass

import numpy as np

from regraft.data.source import ImageSet
from regraft.data.split import hold_out_less
from regraft.planning.growth import Resources
from regraft.planning.probe import nested_rows
from regraft.records import IntArray, Split

RESERVE = 6.0  # seconds to score, save, and hash
MARGIN = 0.92  # of the time left is planned with: the machine may be busier than the probe was
LOAD_SECONDS = 6.0  # to build and convert a network, until it was measured
MOST_VALIDATION = 2_000  # pictures that the penalty is chosen on: more would not choose better
# Read whatever the clock says, the training pictures first: a head, and a figure for it.
FIRST_TRAIN, LEAST_TEST = 1_000, 500


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pool:
    """The pictures in the order they are read in: every beginning of a part is stratified."""

    train: IntArray
    validation: IntArray
    test: IntArray

    @classmethod
    def of(cls, images: ImageSet, split: Split, *, seed: int) -> "Pool":
        """The pictures of a split; validation pictures that are not needed are learnt from."""
        less = hold_out_less(images, split, at_most=MOST_VALIDATION, seed=seed)
        return cls(
            train=nested_rows(images.labels, less.train, seed=seed),
            validation=less.validation,
            test=nested_rows(images.labels, split.test, seed=seed),
        )

    @property
    def n(self) -> int:
        """All pictures."""
        return len(self.train) + len(self.validation) + len(self.test)

    def resources(self, seconds: float) -> Resources:
        """What there is to read, and the time for it of so many seconds until the end."""
        return Resources(
            seconds=max(0.0, MARGIN * (seconds - RESERVE)),
            n_train=len(self.train),
            n_validation=len(self.validation),
            n_test=len(self.test),
            load_seconds=LOAD_SECONDS,
        )

    def rows(self, n_train: int, n_test: int) -> IntArray:
        """Validation, a little training, test, and the rest of the training."""
        first = min(FIRST_TRAIN, n_train)
        parts = (self.validation, self.train[:first], self.test[:n_test], self.train[first:n_train])
        return np.concatenate(parts)

    def split(self, n_train: int, n_test: int, n_read: int) -> Split:
        """How the first `n_read` of `rows` are parted."""
        order = np.arange(n_read)
        at = len(self.validation)
        first = min(FIRST_TRAIN, n_train)
        test = slice(at + first, at + first + n_test)
        return Split(
            train=np.concatenate([order[at : test.start], order[test.stop :]]),
            validation=order[:at],
            test=order[test],
        )

"""Time that is running out. Long work asks between its steps whether there is any left."""

import time
from collections.abc import Callable


class OutOfTime(Exception):
    """Raised between two batches to leave a computation whose time is up."""


class Deadline:
    """A moment on the monotonic clock.

    Args:
        seconds: From now until then.
        now: The clock, in seconds; tests pass their own.
    """

    def __init__(self, seconds: float, *, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._end = now() + seconds

    def left(self) -> float:
        """Seconds until then; negative afterwards."""
        return self._end - self._now()

    def after(self, share: float) -> "Deadline":
        """An earlier one, when this share in [0, 1] of what is left will have gone."""
        return Deadline(max(0.0, self.left()) * share, now=self._now)

    def before(self, seconds: float) -> "Deadline":
        """An earlier one, by so many seconds."""
        return Deadline(self.left() - seconds, now=self._now)

    def check(self) -> None:
        """Do nothing while there is time.

        Raises:
            OutOfTime: Afterwards.
        """
        if self.left() <= 0:
            raise OutOfTime

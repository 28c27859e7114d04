"""What the search reads in, and what that says of the pace the plan chosen will have.

Where there are many pictures, the search reads in bfloat16 if the processor has it. Whether the
plan chosen bears it, or int8, is asked afterwards, in a part of the time that is left.
"""

from dataclasses import dataclass, replace

from regraft.features.runtimes import Runtime
from regraft.planning.growth import Resources
from regraft.planning.outcome import Scored
from regraft.planning.precision import (
    HOPED_OF_ANOTHER,
    PICTURES,
    SECONDS_FOR_ANOTHER,
    WORTH_IT,
    is_worth_another,
)

SCREENED_IN = "bfloat16"
MOST_FOR_ASKING = 0.4  # of the time left
_TIMES_TENSORFLOW = 2.2  # bfloat16, about (benchmarks/extract.py)
# Reading the probe in float32 and bfloat16 takes as long as so many pictures in bfloat16 (which is
# 1.7 to 5.4 times as fast), and building the network and the heads some seconds.
_ASKING_READS, _ASKING_SECONDS = 4.5 * PICTURES, 6.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Screening:
    """The runtime of the search beside the float32 one."""

    engine: Runtime  # in float32
    runtime: Runtime
    n_images: int  # that may be read
    times_tensorflow: float  # as fast as which a network is expected to be before it is timed

    @classmethod
    def of(cls, engine: Runtime, *, n_images: int, times_tensorflow: float) -> "Screening":
        """In a lower precision where so many pictures make it worth while.

        Args:
            engine: The float32 runtime.
            n_images: That may be read.
            times_tensorflow: How fast `engine` was when it was probed.
        """
        lower = engine.faster() if n_images >= WORTH_IT else ()
        found = next((runtime for runtime in lower if runtime.precision == SCREENED_IN), engine)
        least = 1.0 if found is engine else _TIMES_TENSORFLOW
        return cls(
            engine=engine,
            runtime=found,
            n_images=n_images,
            times_tensorflow=max(least, times_tensorflow),
        )

    @property
    def is_lower(self) -> bool:
        """Is the precision of the plan chosen still to be asked for?"""
        return self.runtime is not self.engine

    def hoped(self, scored: Scored) -> Scored:
        """A plan at the pace that it will likely be read at, if it is chosen."""
        if not self._is_int8_asked_about(scored):
            return scored
        return replace(scored, images_per_second=HOPED_OF_ANOTHER * scored.images_per_second)

    def asking_seconds(self, scored: Scored) -> float:
        """What asking for the precision of a plan will take."""
        if not self.is_lower:
            return 0.0
        asking = _ASKING_SECONDS + _ASKING_READS / scored.images_per_second
        return asking + SECONDS_FOR_ANOTHER * self._is_int8_asked_about(scored)

    def _is_int8_asked_about(self, scored: Scored) -> bool:
        return self.is_lower and is_worth_another(self.n_images, scored.images_per_second)

    def after_asking(self, resources: Resources, scored: Scored) -> Resources:
        """What is left to read a plan with once its precision is known."""
        left = max(0.0, resources.seconds - self.asking_seconds(scored))
        return replace(resources, seconds=left)

"""What more training pictures would bring, and how many there is time for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from regraft.planning.outcome import Scored, Seen
from regraft.planning.space import n_features

# Errors were seen to fall with powers between 0.1 (Fashion-MNIST) and 0.35 (MNIST).
USUAL, LEAST, MOST = 0.25, 0.05, 0.5
# Wide features go on learning where narrow ones are through. Between 2,700 and 58,000 pictures of
# Fashion-MNIST errors fell with power 0.10 on 640 features and 0.14 on 2,400 of the same pass;
# between 11,000 and 50,000 of MNIST with 0.21 on 1,800 and 2,000 features, 0.28 on 3,200 and more.
TIMES_A_DOUBLING = 1.25
MOST_FOR_TEST = 0.5


def curve_power(fewer: Sequence[float], more: Sequence[float], growth: float) -> float:
    """The power of the number of pictures with which the error falls.

    The median over several plans: one plan's errors are a few pictures each, and noise.

    Args:
        fewer: Errors of some plans, fractions above 0.
        more: Errors of the same plans with more pictures.
        growth: How many times more.

    Returns:
        A number in [`LEAST`, `MOST`]; `USUAL` where there is nothing to go by.
    """
    if not fewer or growth <= 1:
        return USUAL
    powers = sorted(math.log(a / b) / math.log(growth) for a, b in zip(fewer, more, strict=True))
    return min(max(powers[len(powers) // 2], LEAST), MOST)


def wide_power(power: float, width: int, *, usual: float) -> float:
    """The power for a plan with `width` features, where plans of the `usual` width have `power`."""
    steeper = math.pow(TIMES_A_DOUBLING, math.log2(width / usual))
    return min(max(power * steeper, LEAST), MOST)


def expected_with(rows: int, scored: Scored, seen: Seen) -> float:
    """Accuracy of a plan with so many training pictures, by what was seen of it with fewer."""
    power = wide_power(seen.power, n_features(scored.choice), usual=seen.width)
    return expected_accuracy(scored.error, seen=scored.n_fitted, rows=rows, power=power)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What is there to fit a plan with once it is chosen."""

    seconds: float
    n_train: int  # pictures to learn from, at most
    n_validation: int  # pictures to choose the regularisation on
    n_test: int  # pictures to score at the end, at most
    load_seconds: float  # to start the runtime

    def needed(
        self, images_per_second: float, n_features: int, *, seconds_per_value: float
    ) -> float:
        """Seconds for all pictures, with arguments as for `share`."""
        reading = (self.n_train + self.n_validation + self.n_test) / images_per_second
        return self.load_seconds + reading + self.n_train * n_features * seconds_per_value

    def share(
        self, images_per_second: float, n_features: int, *, seconds_per_value: float
    ) -> tuple[int, int]:
        """Pictures to learn from and to be tested on that fit in the time.

        All are tested unless that alone takes more than `MOST_FOR_TEST` of the time; what is left
        goes to training.

        Args:
            images_per_second: Of the features.
            n_features: d.
            seconds_per_value: Of the head, per feature of a training picture.
        """
        picture = 1 / images_per_second
        left = max(0.0, self.seconds - self.load_seconds - self.n_validation * picture)
        n_test = min(self.n_test, int(MOST_FOR_TEST * left / picture))
        each = picture + n_features * seconds_per_value
        return min(self.n_train, int((left - n_test * picture) / each)), n_test


def expected_accuracy(error: float, *, seen: int, rows: int, power: float) -> float:
    """Accuracy with `rows` training pictures, from the error with `seen` of them; in [0, 1]."""
    return 1 - min(1.0, error * math.pow(seen / max(rows, 1), power))

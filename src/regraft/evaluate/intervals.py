"""How far a measured accuracy may be from the true one."""

import math
from statistics import NormalDist

from regraft.errors import InvalidArgumentError, expected_received


def wilson(correct: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Interval for the accuracy behind `correct` right answers out of `n`.

    Unlike the normal approximation it stays inside [0, 1] and is honest at 0 and 1.

    Args:
        correct: Number of right answers, in [0, n].
        n: Number of answers, at least 1.
        level: Coverage, strictly between 0 and 1.

    Returns:
        Lower and upper end, fractions in [0, 1].

    Raises:
        InvalidArgumentError: If the counts or the level are out of range.

    Example:
        >>> [round(end, 3) for end in wilson(90, 100)]
        [0.826, 0.945]

    Source:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
        JASA 22 (1927); Brown, Cai, DasGupta, Statistical Science 16 (2001), Sec. 3.1.1.
    """
    if not 0 <= correct <= n or n < 1:
        raise InvalidArgumentError(
            expected_received("0 <= correct <= n and n >= 1", f"correct={correct}, n={n}")
        )
    if not 0 < level < 1:
        raise InvalidArgumentError(expected_received("a level between 0 and 1", f"{level}"))
    z = NormalDist().inv_cdf(0.5 + level / 2)
    observed = correct / n
    centre = observed + z**2 / (2 * n)
    half_width = z * math.sqrt(observed * (1 - observed) / n + z**2 / (4 * n**2))
    shrink = 1 + z**2 / n
    # at 0 and n the ends are exact; rounding must not push them past
    low = 0.0 if correct == 0 else (centre - half_width) / shrink
    high = 1.0 if correct == n else (centre + half_width) / shrink
    return low, high

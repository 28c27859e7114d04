"""What a change costs in accuracy, told by asking about the same pictures before and after it."""

import math

import numpy as np
import numpy.typing as npt

NOISE = 1.645  # standard errors: one-sided, 95%


def may_be_beaten(right: npt.NDArray[np.bool_]) -> bool:
    """Could answers without a mistake be told from these, beyond noise?

    Of 210 pictures three mistakes are too few.

    Args:
        right: (n,) which pictures are classified rightly.
    """
    lost, noise = cost(right, np.ones_like(right))
    return lost + NOISE * noise < 0


def cost(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Accuracy lost (negative is a gain), and its standard error.

    Only pictures that change sides carry noise; one more is counted, else none changed is certain.

    Args:
        before: (n,) which pictures were classified rightly.
        after: (n,) the same pictures, after the change.
    """
    n = len(before)
    lost, won = int((before & ~after).sum()), int((after & ~before).sum())
    return (lost - won) / n, math.sqrt(lost + won + 1 - (lost - won) ** 2 / n) / n

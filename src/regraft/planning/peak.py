"""How fast this machine multiplies at best: a bound for networks that were not timed yet."""

import time

import numpy as np

_SIDE = 1024  # large enough to be bound by arithmetic, small enough to take milliseconds
_TIMES = 5


def product_macs_per_second() -> float:
    """Multiply-adds a second of a float32 matrix product, the best of a few."""
    a = np.ones((_SIDE, _SIDE), np.float32)
    seconds = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - began)
    return _SIDE**3 / min(seconds)

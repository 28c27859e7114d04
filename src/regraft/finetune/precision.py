"""Whether training in mixed bfloat16 is worth it here: only if it is faster, and as right.

Processors without bfloat16 instructions emulate them, slower than float32; those that have them are
about twice as fast. Weights and moments stay float32 in either case.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import numpy as np

from regraft.records import FloatArray, IntArray

FLOAT32, MIXED = "float32", "mixed_bfloat16"

FASTER = 1.3  # a convolution must gain so much; the rest of a step gains less
LARGEST_LOSS = 0.001  # accuracy on the sample

_MAPS, _KERNEL = (16, 32, 32, 64), (3, 3, 64, 64)  # as in the middle of a backbone
_TIMED = 5


@contextlib.contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Let layers that are made inside compute in a precision."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def speed_up() -> float:
    """How many times faster one convolution is in bfloat16 than in float32."""
    from keras import ops

    generator = np.random.default_rng(0)
    maps = generator.normal(size=_MAPS).astype(np.float32)
    kernel = generator.normal(size=_KERNEL).astype(np.float32)

    def seconds(dtype: str) -> float:
        x, w = ops.cast(maps, dtype), ops.cast(kernel, dtype)
        times = []
        for _ in range(_TIMED):
            began = time.perf_counter()
            np.asarray(ops.cast(ops.sum(ops.conv(x, w, padding="same")), "float32"))
            times.append(time.perf_counter() - began)
        return min(times)

    return seconds("float32") / seconds("bfloat16")


def agrees(mixed: FloatArray, exact: FloatArray, labels: IntArray) -> bool:
    """Whether logits (n, k) in mixed precision lose no accuracy that matters.

    Args:
        mixed: In mixed precision.
        exact: The same in float32.
        labels: (n,) of the pictures.
    """
    if not np.isfinite(mixed).all():
        return False
    right, still_right = (int((x.argmax(axis=1) == labels).sum()) for x in (exact, mixed))
    return right - still_right <= LARGEST_LOSS * len(labels)


def choose_precision(
    exact: Callable[[], FloatArray],
    mixed: Callable[[], FloatArray],
    labels: IntArray,
    *,
    measure: Callable[[], float] = speed_up,
) -> tuple[str, str]:
    """A precision, and in words why.

    Args:
        exact: Computes logits (n, k) of a sample in float32; called only if the other is faster.
        mixed: Computes them in mixed precision, likewise.
        labels: (n,) of the sample.
        measure: Gives the speed-up.
    """
    gain = measure()
    if gain < FASTER:
        return FLOAT32, f"bfloat16 runs at {gain:.2f} times the speed of float32 here"
    if not agrees(mixed(), exact(), labels):
        return FLOAT32, "bfloat16 is faster here, but costs accuracy"
    return MIXED, f"bfloat16 is {gain:.1f} times as fast here, and as accurate"

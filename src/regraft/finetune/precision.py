"""Whether training in mixed bfloat16 is worth it here: only if it is faster, and as right.

Processors without bfloat16 instructions emulate them, slower than float32; those that have them are
about twice as fast in dense convolutions. In depthwise ones they are slower even then: what counts
is the training step of the very network. Weights and moments stay float32 in either case.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from regraft.finetune.paired import NOISE, cost
from regraft.records import FloatArray, IntArray

FLOAT32, MIXED = "float32", "mixed_bfloat16"

# A dense convolution that gains less shows that bfloat16 is emulated: a step is not even timed.
WORTH_TIMING = 1.0
FASTER = 1.1  # a step must gain so much: less is within the noise of a few
LARGEST_LOSS = 0.001  # accuracy on the sample, beyond noise

_MAPS, _KERNEL = (16, 32, 32, 64), (3, 3, 64, 64)  # as in the middle of a backbone
_TIMED = 5
_WARMING_UP, _STEPS_TIMED = 2, 4  # the first step builds the graph, the second still allocates


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A network in one precision."""

    step: Callable[[], object]  # makes one step of training
    logits: Callable[[], FloatArray]  # (n, k) of the sample


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

    def convolve(dtype: str) -> Callable[[], object]:
        x, w = ops.cast(maps, dtype), ops.cast(kernel, dtype)
        return lambda: np.asarray(ops.cast(ops.sum(ops.conv(x, w, padding="same")), "float32"))

    return _ratio(convolve("float32"), convolve("bfloat16"), n=_TIMED)


def agrees(mixed: FloatArray, exact: FloatArray, labels: IntArray) -> bool:
    """Whether logits (n, k) in mixed precision lose no accuracy that matters, beyond noise.

    A head that was fitted to float32 features sees others here, and training takes it from there.

    Args:
        mixed: In mixed precision.
        exact: The same in float32.
        labels: (n,) of the pictures.
    """
    if not np.isfinite(mixed).all():
        return False
    lost, noise = cost(exact.argmax(axis=1) == labels, mixed.argmax(axis=1) == labels)
    return lost - NOISE * noise <= LARGEST_LOSS


def choose_precision(
    exact: Callable[[], Side],
    mixed: Callable[[], Side],
    labels: IntArray,
    *,
    measure: Callable[[], float] = speed_up,
) -> tuple[str, str]:
    """A precision, and in words why.

    Args:
        exact: Makes the network in float32; called only if the other may be faster.
        mixed: Makes it in mixed precision, likewise.
        labels: (n,) of the sample.
        measure: Gives the speed-up of one convolution.
    """
    gain = measure()
    if gain < WORTH_TIMING:
        return FLOAT32, f"bfloat16 runs at {gain:.2f} times the speed of float32 here"
    one, other = exact(), mixed()
    for _ in range(_WARMING_UP):
        one.step()
        other.step()
    gain = _ratio(one.step, other.step, n=_STEPS_TIMED)
    if gain < FASTER:
        return FLOAT32, f"a step in bfloat16 runs at {gain:.2f} times the speed of float32 here"
    if not agrees(other.logits(), one.logits(), labels):
        return FLOAT32, "bfloat16 is faster here, but costs accuracy"
    return MIXED, f"a step in bfloat16 is {gain:.1f} times as fast here, and as accurate"


def _ratio(one: Callable[[], object], other: Callable[[], object], *, n: int) -> float:
    """How many times longer one work takes than another.

    In turn, since what slows one down slows both, and the shortest of n, since nothing makes
    work shorter than it is.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(n):
        for work, seconds in zip((one, other), times, strict=True):
            began = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - began)
    return min(times[0]) / min(times[1])

"""Run as a child process: does a runtime compute what TensorFlow computes, and as fast?

``python -m regraft.features.runtimes.probe NAME RESULT.json`` writes the largest difference, and
how many times as fast it is. A runtime that kills the process writes nothing, and the parent
lives on.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from regraft.adapt.pixels import SIGNED, normalise_in_graph
from regraft.adapt.resize import resize_in_graph
from regraft.features.pool import pool_in_graph
from regraft.features.runtimes import Batch, Run, Runtime
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.records import FloatArray
from regraft.storage import write_json

_PICTURE, _SIDE, _SEED = (28, 28, 3), 48, 0
_BATCH = 256  # as `default_batch_size` has it at this side: what a job hands over at a time
_ROUNDS = 15  # of both: on two busy cores the least of a few small batches was off by half


def largest_difference(reference: list[FloatArray], other: list[FloatArray]) -> float:
    """Largest absolute difference, relative to the largest reference value of its output.

    Infinite where a value is not a number or a shape differs.
    """
    worst = 0.0
    for expected, received in zip(reference, other, strict=True):
        if expected.shape != received.shape:
            return float("inf")
        off = float(np.abs(received - expected).max() / max(np.abs(expected).max(), 1e-30))
        worst = max(worst, off) if np.isfinite(off) else float("inf")
    return worst


def probe(runtime: Runtime) -> tuple[float, float]:
    """`largest_difference` and `times_as_fast`, on a small network of the usual layers."""
    pictures = np.random.default_rng(_SEED).integers(0, 256, (_BATCH, *_PICTURE), np.uint8)
    reference = TensorFlow().load(_network(_BATCH))
    other = runtime.load(_network(runtime.step(_SIDE, _BATCH)), lambda: [pictures])
    off = largest_difference(reference(pictures), other(pictures))
    return off, times_as_fast(reference, other, pictures)


def times_as_fast(
    reference: Run, other: Run, batch: Batch, *, now: Callable[[], float] = time.perf_counter
) -> float:
    """How many batches `other` computes while `reference` computes one.

    In turn, so that a busy moment of the machine hits both; of each the least time counts.

    Args:
        reference: Has run before, as the other: the first batch also makes it ready.
        other: What is compared with it.
        batch: For both.
        now: The clock, in seconds; tests pass their own.
    """
    least = [float("inf"), float("inf")]
    for _ in range(_ROUNDS):
        for i, run in enumerate((reference, other)):
            started = now()
            run(batch)
            least[i] = min(least[i], now() - started)
    return least[0] / max(least[1], 1e-9)


def _network(batch_size: int) -> Any:
    """Convolutions plain, depthwise and strided, with what surrounds them in every backbone.

    Every time with the same weights.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(_SEED)  # a process of its own: nobody else's randomness
    pictures = keras.Input(batch_shape=(batch_size, *_PICTURE), dtype="uint8")
    x = normalise_in_graph(resize_in_graph(pictures, height=_SIDE, width=_SIDE), SIGNED)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    skip = layers.Conv2D(64, 1, use_bias=False)(x)
    x = layers.BatchNormalization()(skip)
    x = layers.Activation("relu6")(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.Add()([layers.Conv2D(64, 3, padding="same", activation="swish")(x), skip])
    gate = layers.Conv2D(64, 1, activation="sigmoid")(
        layers.GlobalAveragePooling2D(keepdims=True)(x)
    )
    early = layers.MaxPooling2D(2)(layers.Multiply()([x, gate]))
    late = layers.LayerNormalization()(layers.Conv2D(96, 3, activation="gelu")(early))
    return keras.Model(pictures, [pool_in_graph(late, 3), pool_in_graph(early, 2)])


def main(name: str, result: Path) -> None:
    """Probe one runtime and write `result`: what was measured, or why nothing was."""
    from regraft.features.runtimes.choose import RUNTIMES

    try:
        off, ratio = probe(RUNTIMES[name])
        answer = {"difference": min(off, 1e9), "times_as_fast": round(ratio, 2), "error": ""}
    except MemoryError:  # says nothing about the runtime: without an answer it is asked again
        raise
    except Exception as error:  # noqa: BLE001 - a runtime may raise anything; it is not used then
        answer = {"difference": 1e9, "times_as_fast": 0.0, "error": _described(error)}
    write_json(result, answer)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

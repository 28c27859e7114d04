"""Other random numbers than those of the script's own seeds, to see what depends on them."""

from typing import Any

import numpy as np

from regraft.diagnose.agent.hooks import attach

_LARGEST = 10**9  # of a seed that Keras draws
_STRIDE = 7919  # between two variations: scripts count seeds up by one themselves


def vary(by: int) -> None:
    """Let Keras and TensorFlow draw other numbers, whatever seeds the script sets.

    What numpy and `random` draw stays: that decides which rows are in which part.

    Args:
        by: Which variation; 0 is the script as it is.
    """
    if by == 0:
        return
    import keras
    from keras.src.random import seed_generator

    shift = by * _STRIDE
    draw = seed_generator.make_default_seed
    attach.everywhere(draw, lambda: (draw() + shift) % _LARGEST + 1)
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    original = tf.random.set_seed

    def set_seed(seed: Any) -> None:
        original(seed + shift if isinstance(seed, int | np.integer) else seed)

    attach.everywhere(original, set_seed)

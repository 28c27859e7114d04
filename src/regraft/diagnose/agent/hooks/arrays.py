"""Hooks on numpy, and on the one function of the standard library that shuffles."""

import functools
import random
from typing import Any

import numpy as np

from regraft.diagnose.agent import draws, reshaping, shuffling


def hook() -> None:
    """`np.resize`, `np.reshape` and shuffles by name."""
    draws.hook()
    shuffle, sample = random.shuffle, random.sample

    @functools.wraps(shuffle)
    def shuffled(x: Any) -> None:
        shuffling.shuffled_list(shuffle, x)

    @functools.wraps(sample)
    def sampled(population: Any, k: int, *, counts: Any = None) -> Any:
        return shuffling.sampled_list(sample, population, k, counts=counts)

    random.shuffle, random.sample = shuffled, sampled
    resize, reshape = np.resize, np.reshape
    np.resize = lambda a, new_shape: reshaping.resized(resize, a, new_shape)

    @functools.wraps(reshape)
    def reshaped(a: Any, *args: Any, **kwargs: Any) -> Any:
        return reshaping.reshaped("numpy.reshape", a, lambda x: reshape(x, *args, **kwargs))

    np.reshape = reshaped
    for name in ("shuffle", "permutation"):
        original = getattr(np.random, name)

        def call(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            return shuffling.shuffled(_original, args, kwargs)

        setattr(np.random, name, call)

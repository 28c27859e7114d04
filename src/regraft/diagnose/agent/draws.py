"""Random numbers of numpy and of the standard library, with a switch that stills them.

Sequences and generators of a script's own change pictures with these. Stilled, every draw gives
what changes least: the middle of its range, or the whole number next to 0. Orders and splits are
left as they are.
"""

import contextlib
import functools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from regraft.diagnose.agent import sites

_is_still = False
_count = 0


def count() -> int:
    """How many draws there were so far, orders and splits left out."""
    return _count


@contextlib.contextmanager
def stilled() -> Iterator[None]:
    """Draws change as little as they can inside this block."""
    global _is_still
    _is_still = True
    try:
        yield
    finally:
        _is_still = False


def hook() -> None:
    """Functions of `numpy.random` and `random`, and generators that a script makes itself."""
    for name, still in NUMPY.items():
        setattr(np.random, name, _switched(getattr(np.random, name), still))
    for name, still in STANDARD.items():
        setattr(random, name, _switched(getattr(random, name), still))
    np.random.choice = _one_of(np.random.choice)
    random.choice = _one_of(random.choice)
    original = np.random.default_rng

    @functools.wraps(original)
    def default_rng(*args: Any, **kwargs: Any) -> np.random.Generator:
        made = original(*args, **kwargs)
        return made if sites.directly() is None else Generator(made.bit_generator)

    np.random.default_rng = default_rng


def whole(low: Any, high: Any = None, last: int = 0) -> Any:
    """The whole number next to 0 of those from `low` on and below `high` (or up to it: last=1)."""
    low, high = (0, low) if high is None else (low, high)
    return np.clip(0, low, np.asarray(high) + last - 1)


def _of_size(value: Any, size: Any) -> Any:
    if size is None:
        return value.item() if np.ndim(value) == 0 and hasattr(value, "item") else value
    return np.broadcast_to(value, size).copy()


def _uniform(low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
    return _of_size((np.asarray(low) + np.asarray(high)) / 2, size)


def _normal(loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:  # noqa: ARG001 - as numpy
    return _of_size(np.asarray(loc, float), size)


def _standard(size: Any = None, **_: Any) -> Any:
    return _of_size(np.asarray(0.0), size)


def _fraction(size: Any = None, **_: Any) -> Any:
    return _of_size(np.asarray(0.5), size)


def _integers(low: Any, high: Any = None, size: Any = None, *_: Any, **named: Any) -> Any:
    return _of_size(whole(low, high, int(named.get("endpoint", False))), size)


#: What each function of numpy gives when it is stilled.
NUMPY: dict[str, Callable[..., Any]] = {
    "uniform": _uniform,
    "normal": _normal,
    "standard_normal": _standard,
    "random": _fraction,
    "random_sample": _fraction,
    "rand": lambda *size: _fraction(size or None),
    "randn": lambda *size: _standard(size or None),
    "randint": _integers,
}
#: The same of the standard library.
STANDARD: dict[str, Callable[..., Any]] = {
    "random": lambda: 0.5,
    "uniform": lambda a, b: (a + b) / 2,
    "gauss": lambda mu=0.0, sigma=1.0: mu,  # noqa: ARG005 - as the function it stands for
    "randint": lambda a, b: int(whole(a, b, 1)),
    "randrange": lambda start, stop=None, step=1: int(whole(start, stop)),  # noqa: ARG005
}


def _switched(
    original: Callable[..., Any], still: Callable[..., Any], *, is_method: bool = False
) -> Callable[..., Any]:
    @functools.wraps(original)
    def draw(*args: Any, **kwargs: Any) -> Any:
        global _count
        _count += 1
        if not _is_still:
            return original(*args, **kwargs)
        return still(*(args[1:] if is_method else args), **kwargs)

    return draw


def _one_of(original: Callable[..., Any], *, is_method: bool = False) -> Callable[..., Any]:
    """`choice` with a switch for one number of several; whatever else it draws is an order."""

    @functools.wraps(original)
    def choice(*args: Any, **kwargs: Any) -> Any:
        global _count
        given = args[1:] if is_method else args
        among = given[0] if given else kwargs.get("a", kwargs.get("seq"))
        size = given[1] if len(given) > 1 else kwargs.get("size")
        numbers = _numbers(among)
        if numbers is None or size not in (None, 1, (1,)):
            return original(*args, **kwargs)
        _count += 1
        if not _is_still:
            return original(*args, **kwargs)
        return _of_size(numbers[np.argmin(np.abs(numbers))], size)

    return choice


def _numbers(among: Any) -> Any:
    """What one is chosen of, as numbers; None where these are names or pictures."""
    if isinstance(among, int | np.integer):
        values = np.arange(among)
    elif isinstance(among, list | tuple | range):  # pictures are not copied
        if not all(isinstance(each, int | float | np.number) for each in among):
            return None
        values = np.asarray(among)
    elif isinstance(among, np.ndarray):
        values = among
    else:
        return None
    is_numbers = values.ndim == 1 and values.dtype.kind in "biuf" and len(values) > 0
    return values if is_numbers else None


def _method(name: str, still: Callable[..., Any]) -> Callable[..., Any]:
    return _switched(getattr(np.random.Generator, name), still, is_method=True)


class Generator(np.random.Generator):
    """What `default_rng` makes, the same numbers included, with draws that can be stilled."""

    __module__ = np.random.Generator.__module__

    random = _method("random", _fraction)
    uniform = _method("uniform", _uniform)
    normal = _method("normal", _normal)
    standard_normal = _method("standard_normal", _standard)
    integers = _method("integers", _integers)
    choice = _one_of(np.random.Generator.choice, is_method=True)

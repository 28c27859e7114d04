"""What is known about one backbone before it is built."""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from regraft.errors import InvalidArgumentError, expected_received, nearest
from regraft.records import PixelSpec, Tap

LARGEST_SIZE = 2048  # pixels a side: beyond, the maps of a few pictures fill a memory


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightFile:
    """The file with the pretrained weights of a network without its top."""

    file_name: str
    url: str  # empty where the file is part of the package
    hash: str  # "md5:..." or "sha256:...", as its publisher gives it; empty where there is none
    also: tuple[str, ...] = ()  # names of the same network, pretrained at other sizes


@dataclass(frozen=True, kw_only=True, slots=True)
class Backbone:
    """One row of the table."""

    name: str
    builder: str  # "module:function", as in keras.applications
    weights: WeightFile
    licence: str  # of the weights, as an SPDX identifier
    citation: str
    pixels: PixelSpec
    smallest_size: int  # sides in pixels
    default_size: int  # the one it was pretrained at
    taps: tuple[Tap, ...]  # the end of every block, in the order of their depth

    @property
    def default_tap(self) -> str:
        """The last tap: what the network gives without its top."""
        return self.taps[-1].name

    def tap(self, name: str) -> Tap:
        """The tap of that name.

        Raises:
            InvalidArgumentError: If there is none; the message has the nearest names.
        """
        for tap in self.taps:
            if tap.name == name:
                return tap
        raise InvalidArgumentError(
            expected_received(
                f"a tap of {self.name}", repr(name), nearest(name, (tap.name for tap in self.taps))
            )
        )

    def has_taps(self, names: tuple[str, ...]) -> bool:
        """Whether all these are taps of it."""
        return {tap.name for tap in self.taps}.issuperset(names)

    def deepest(self, names: tuple[str, ...]) -> Tap:
        """The last of several taps; its cost covers the others.

        Raises:
            InvalidArgumentError: If there is no such tap.
        """
        return max((self.tap(name) for name in names), key=self.taps.index)

    def check_size(self, size: int) -> None:
        """Refuse pictures that the network cannot take, or no memory could hold.

        Raises:
            InvalidArgumentError: If `size` is below the smallest, or above `LARGEST_SIZE`.
        """
        if size > LARGEST_SIZE:
            raise InvalidArgumentError(
                expected_received(
                    f"a size of at most {LARGEST_SIZE}", str(size), f"Use {LARGEST_SIZE} or less."
                )
            )
        if size < self.smallest_size:
            raise InvalidArgumentError(
                expected_received(
                    f"a size of at least {self.smallest_size} for {self.name}",
                    str(size),
                    f"Use {self.smallest_size} or more.",
                )
            )

    def macs(self, tap: str, size: int) -> int:
        """Multiply-adds for one picture of `size` x `size` pixels up to a tap, about."""
        return math.ceil(self.tap(tap).macs_per_pixel * size * size)

    def build(self, size: int) -> Any:
        """The whole network without its top, with random weights.

        Returns:
            A functional `keras.Model`; input (n, size, size, 3).

        Raises:
            InvalidArgumentError: If `size` is below the smallest.
        """
        self.check_size(size)
        module, function = self.builder.split(":")
        builder: Callable[..., Any] = getattr(importlib.import_module(module), function)
        return builder(include_top=False, weights=None, input_shape=(size, size, 3))

"""The plan that is taken without a search: what `auto` means, by the size of the pictures.

Small pictures hold no parts worth a deep network: they are enlarged a little and read in the
middle of it, on a grid that keeps where things are (on `digits`, EfficientNet-Lite0 at 64 px:
0.99 where the map is 4 x 4, on that grid; 0.96 averaged over it). Photographs are read at the
end, at the size of the pretraining.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from regraft.backbones.table import Backbone, get
from regraft.data.source import ImageSet
from regraft.errors import InvalidArgumentError, expected_received
from regraft.records import Tap

Auto = Literal["auto"]

DEFAULT_BACKBONE = "efficientnet_lite0"  # the one whose weights are always at hand

SMALL_SIDE = 64  # pixels; data sets of thumbnails and digits end here, photographs begin
SMALL_SIZES = (64, 48, 32)  # largest first: the first that is cheap enough; 96 px gained nothing
SMALL_MAX_MACS = 3e8  # a picture: VGG16 to block3 at 32 px has 1.9e8, MobileNetV2 at 64 px 2e7
SMALL_MIN_MAP = 4  # cells a side
SMALL_MAX_FEATURES = 2048  # finer grids are better, and cost the head more

SIZE_STEP = 32  # the stride at the end of nearly every backbone
SMALLEST_PHOTO = 128

SAMPLE = 64  # pictures looked at to learn how large they are


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A backbone, what it sees, and where it is read."""

    row: Backbone
    size: int
    taps: tuple[str, ...]
    grids: tuple[int, ...]

    @property
    def requests(self) -> tuple[tuple[str, int], ...]:
        """The taps with their grids."""
        return tuple(zip(self.taps, self.grids, strict=True))


def choose(
    images: ImageSet,
    *,
    backbone: str = "auto",
    size: int | Auto = "auto",
    taps: tuple[str, ...] | Auto = "auto",
    grids: tuple[int, ...] | Auto = "auto",
) -> Choice:
    """Fill in what is `auto`, and check what is not.

    Args:
        images: The pictures; a few are read if their size is not known.
        backbone: Name of a row of the table.
        size: Side in pixels of the square that the backbone sees.
        taps: Names of layers of the backbone.
        grids: One for all taps, or one a tap.

    Raises:
        InvalidArgumentError: For an unknown backbone or tap, a size below the smallest, or a number
            of grids that is neither 1 nor that of the taps.
    """
    row = get(DEFAULT_BACKBONE if backbone == "auto" else backbone)
    if taps != "auto":
        _check_taps(row, taps)
    if size != "auto":
        row.check_size(size)
    side = typical_side(images) if "auto" in (size, taps, grids) else 0
    is_small = side <= SMALL_SIDE
    if size == "auto":
        size = _small_size(row) if is_small else _photo_size(row, side)
    if taps == "auto":
        taps = (_middle(row, size).name if is_small else row.default_tap,)
    if grids == "auto":
        grids = tuple(_grid(row, size, tap) if is_small else 1 for tap in taps)
    return Choice(row=row, size=size, taps=taps, grids=_one_a_tap(grids, taps))


def typical_side(images: ImageSet) -> int:
    """Median of the longer sides in pixels, of all pictures or of a sample of them."""
    if images.uniform_shape is not None:
        return max(images.uniform_shape[:2])
    rows = np.unique(np.linspace(0, len(images) - 1, SAMPLE).astype(np.int64))
    return int(np.median(images.each(rows, lambda picture: max(picture.shape[:2]))))


def _small_size(row: Backbone) -> int:
    allowed = [size for size in SMALL_SIZES if size >= row.smallest_size]
    cheap = (size for size in allowed if row.macs(_middle(row, size).name, size) <= SMALL_MAX_MACS)
    return next(cheap, allowed[-1] if allowed else row.smallest_size)


def _photo_size(row: Backbone, side: int) -> int:
    rounded_up = -(-side // SIZE_STEP) * SIZE_STEP
    return max(row.smallest_size, min(row.default_size, max(SMALLEST_PHOTO, rounded_up)))


def _middle(row: Backbone, size: int) -> Tap:
    """The deepest tap whose map is still fine enough."""
    fine = [tap for tap in row.taps if tap.stride * SMALL_MIN_MAP <= size]
    return fine[-1] if fine else row.taps[0]


def _grid(row: Backbone, size: int, name: str) -> int:
    """The finest grid that the map and the bound on features allow."""
    tap = row.tap(name)
    finest = math.isqrt(SMALL_MAX_FEATURES // tap.channels)
    return max(1, min(finest, size // tap.stride))


def _check_taps(row: Backbone, taps: tuple[str, ...]) -> None:
    for tap in taps:
        row.tap(tap)
    if not taps or len(set(taps)) != len(taps):
        raise InvalidArgumentError(
            expected_received("one tap or several different ones", ", ".join(taps) or "none")
        )


def _one_a_tap(grids: tuple[int, ...], taps: tuple[str, ...]) -> tuple[int, ...]:
    if any(grid < 1 for grid in grids) or len(grids) not in (1, len(taps)):
        raise InvalidArgumentError(
            expected_received(
                f"one grid of at least 1, or one a tap ({len(taps)})",
                ", ".join(map(str, grids)) or "none",
            )
        )
    return grids * len(taps) if len(grids) == 1 else grids

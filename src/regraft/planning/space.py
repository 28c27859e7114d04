"""What is searched: sizes, taps and grids that make sense for pictures of this size."""

import itertools
from collections.abc import Iterable, Sequence

from regraft.backbones.table import Backbone
from regraft.features.graph import Request, width
from regraft.planning.default import SMALL_SIDE, Choice

SIZES = (32, 48, 64, 96, 128, 160, 192, 224)  # pixels
GRIDS = (1, 2, 4)  # and a map of 3 x 3 as it is: a grid between two others scores between them
_OWN_GRIDS = frozenset({3})
# Wider features cost the head more than they gave it: VGG16's 512 channels on 4 x 4 just fit.
MAX_FEATURES = 8192
# Enlarging beyond this adds pixels but nothing to see; shrinking below loses what there is.
MOST_ENLARGED, SMALLEST_PHOTO = 3.5, 96
TAPS_JOINED = 4  # of a pass: its best single taps are tried in pairs
STAGES_STACKED = (3, 4, 5)  # of a pass: the best tap of so many stages


def sizes_for(row: Backbone, side: int) -> tuple[int, ...]:
    """Sides in pixels worth trying for pictures whose longer side is typically `side`.

    Never empty, and never beyond the size the backbone was pretrained at, unless the smallest
    it takes is larger.
    """
    largest = min(row.default_size, MOST_ENLARGED * side)
    smallest = max(row.smallest_size, 0 if side <= SMALL_SIDE else min(SMALLEST_PHOTO, side))
    return tuple(size for size in SIZES if smallest <= size <= largest) or (row.smallest_size,)


def requests_for(
    row: Backbone,
    size: int,
    *,
    taps: Sequence[str] | None = None,
    grids: Sequence[int] | None = None,
) -> tuple[Request, ...]:
    """Every tap with every grid that its map and the bound on features allow.

    Args:
        row: The backbone.
        size: Side in pixels of what it sees.
        taps: Only these.
        grids: Only these, whatever the bound says.
    """
    found = []
    for tap in row.taps:
        if taps is not None and tap.name not in taps:
            continue
        side = max(1, size // tap.stride)
        if grids is not None:
            found += [(tap.name, grid) for grid in grids if grid <= side]
            continue
        usual = {grid for grid in GRIDS if grid <= side} | ({side} & _OWN_GRIDS)
        found += [
            (tap.name, grid)
            for grid in sorted(usual)
            if grid == 1 or grid**2 * tap.channels <= MAX_FEATURES
        ]
    return tuple(found)


def single(row: Backbone, size: int, request: Request) -> Choice:
    """A plan that reads one tap."""
    return Choice(row=row, size=size, taps=(request[0],), grids=(request[1],))


def joined(singles: Iterable[Choice]) -> list[Choice]:
    """Plans that read several taps of one pass, made of the best plans with one.

    The best taps in pairs, and the best of each stage of the network stacked: on all of
    Fashion-MNIST, five stages of EfficientNet-Lite0 at 48 px reached 0.934, where the best of them
    alone reached 0.927, for the same pass.

    Args:
        singles: Of one backbone and size, best first.
    """
    of_tap: dict[str, Choice] = {}
    of_stage: dict[tuple[int, int], Choice] = {}
    for choice in singles:
        tap = choice.row.tap(choice.taps[0])
        of_tap.setdefault(tap.name, choice)
        of_stage.setdefault((tap.stride, tap.channels), choice)
    near = list(of_tap.values())[:TAPS_JOINED]
    stages = list(of_stage.values())
    parts = [*itertools.combinations(near, 2), *(tuple(stages[:n]) for n in STAGES_STACKED)]
    several = (_beside(part) for part in parts if len(part) > 1)
    plans = {choice.requests: choice for choice in several}
    return [choice for choice in plans.values() if n_features(choice) <= MAX_FEATURES]


def _beside(parts: Sequence[Choice]) -> Choice:
    """One plan that reads what these read, from shallow to deep."""
    in_order = sorted(parts, key=depth)
    return Choice(
        row=in_order[0].row,
        size=in_order[0].size,
        taps=tuple(choice.taps[0] for choice in in_order),
        grids=tuple(choice.grids[0] for choice in in_order),
    )


def n_features(choice: Choice) -> int:
    """How wide the features of a plan are."""
    return sum(width(choice.row, request) for request in choice.requests)


def depth(choice: Choice) -> int:
    """The place of the deepest tap among those of its backbone."""
    return choice.row.taps.index(choice.row.deepest(choice.taps))


def macs(choice: Choice) -> int:
    """Multiply-adds a picture, up to the deepest tap."""
    return choice.row.macs(choice.row.deepest(choice.taps).name, choice.size)

"""Which variations of a picture keep its class, measured on the data and not assumed.

A frozen head that fits is asked about varied validation pictures. A variation that changes what a
picture shows (a mirrored digit) costs many points; one that does not costs few, though the head
has never seen such pictures.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.adapt.views import View
from regraft.finetune.paired import NOISE, cost
from regraft.records import FloatArray, IntArray

TOLERATED = 0.01  # accuracy that a variation may cost, beyond noise
TOLD = 1 / 3  # of the way from guessing to no mistake, before a head is asked about mirrors
SHOWN = 0.05  # that a mirror may cost at most, with noise: with under 33 pictures it is not used
_MIXING = 0.2  # both parameters of mixup's beta distribution, as its authors used on ImageNet


@dataclass(frozen=True, kw_only=True, slots=True)
class Variety:
    """How much training pictures are varied; every amplitude is the end of a uniform range."""

    shift: float = 0.0  # a fraction of the side, both ways
    degrees: float = 0.0  # both ways
    zoom: float = 0.0  # a fraction, nearer and farther
    mirror: bool = False  # half of the pictures

    def draw(self, n: int, generator: np.random.Generator) -> list[View]:
        """A view for each of n pictures."""
        # all numbers are always drawn: one amplitude does not change what another draws
        down, right, turn, near, side = generator.uniform(-1, 1, (5, n))
        return [
            View(
                down=self.shift * down[i],
                right=self.shift * right[i],
                degrees=self.degrees * turn[i],
                zoom=1 + self.zoom * near[i],
                mirrored=self.mirror and side[i] < 0,
            )
            for i in range(n)
        ]

    @property
    def is_none(self) -> bool:
        """Pictures stay as they are."""
        return self == Variety()

    def __str__(self) -> str:
        parts = [
            f"moved by {self.shift:.0%}" if self.shift else "",
            f"turned by {self.degrees:g} degrees" if self.degrees else "",
            f"zoomed by {self.zoom:.0%}" if self.zoom else "",
            "mirrored" if self.mirror else "",
        ]
        return ", ".join(filter(None, parts)) or "not varied"


# strongest first: the first that keeps the classes is used
LADDERS: tuple[tuple[Variety, ...], ...] = (
    (Variety(shift=0.08), Variety(shift=0.04)),
    (Variety(degrees=15.0), Variety(degrees=8.0)),
    (Variety(zoom=0.1),),
    (Variety(mirror=True),),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What one variation was measured to cost."""

    variety: Variety
    cost: float  # accuracy lost on the same pictures; negative is a gain
    noise: float  # standard error of the cost
    n: int  # pictures

    @property
    def keeps_classes(self) -> bool:
        """The cost is under what is tolerated, or may well be.

        Mirrored letters and left hands are other classes: that a mirror keeps them must be shown.
        """
        is_possible = self.cost - NOISE * self.noise < TOLERATED
        return is_possible and (not self.variety.mirror or self.cost + NOISE * self.noise < SHOWN)


def measure(
    variety: Variety,
    clean: npt.NDArray[np.bool_],
    varied: npt.NDArray[np.bool_],
) -> Tried:
    """The cost of a variation.

    Args:
        variety: The variation.
        clean: (n,) which pictures were classified rightly as they are.
        varied: (n,) the same pictures, varied.
    """
    lost, noise = cost(clean, varied)
    return Tried(variety=variety, cost=lost, noise=noise, n=len(clean))


def commonest(labels: IntArray) -> float:
    """The share of the commonest class."""
    return float(np.bincount(labels).max(initial=0) / max(1, len(labels)))


def propose(
    rightly: Callable[[list[View]], npt.NDArray[np.bool_]], n: int, *, guessed: float, seed: int
) -> tuple[Variety, tuple[Tried, ...]]:
    """Join the strongest variation of each kind that keeps the classes.

    Args:
        rightly: Says which of n held-out pictures are classified rightly in the views given.
        n: Number of those pictures.
        guessed: The share of them that always naming the commonest class would get right.
        seed: Of the views.

    Returns:
        The variety to train with, and all that was tried.
    """
    clean = rightly([View()] * n)
    is_told = clean.mean() > guessed + TOLD * (1 - guessed)
    tried: list[Tried] = []
    chosen = []
    for ladder in LADDERS:
        for variety in ladder:
            if variety.mirror and not is_told:
                continue  # a head that does not know left from right minds no mirror
            views = variety.draw(n, np.random.default_rng((seed, len(tried))))
            tried.append(measure(variety, clean, rightly(views)))
            if tried[-1].keeps_classes:
                chosen.append(variety)
                break
    return together(chosen), tuple(tried)


def together(varieties: Iterable[Variety]) -> Variety:
    """One variety that does what each of several does."""
    whole = Variety()
    for each in varieties:
        whole = replace(
            whole,
            shift=max(whole.shift, each.shift),
            degrees=max(whole.degrees, each.degrees),
            zoom=max(whole.zoom, each.zoom),
            mirror=whole.mirror or each.mirror,
        )
    return whole


def views_of(variety: Variety) -> tuple[View, ...]:
    """The views that a prediction may average: those the network was trained to see alike.

    As it is, moved half as far as in training to each side, and mirrored, where that was done.
    """
    half = variety.shift / 2
    moved = [View(down=half), View(down=-half), View(right=half), View(right=-half)]
    return (
        View(),
        *(moved if half else ()),
        *((View(mirrored=True),) if variety.mirror else ()),
    )


def mix(
    pictures: npt.NDArray[Any], targets: FloatArray, generator: np.random.Generator
) -> tuple[npt.NDArray[Any], FloatArray]:
    """Every picture laid over another of its batch, with the targets in the same shares.

    Args:
        pictures: (n, h, w, c), uint8 or float32; bytes stay bytes.
        targets: (n, k).
        generator: Draws the share and the partners.

    Source:
        Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018,
        https://arxiv.org/abs/1710.09412.
    """
    share = np.float32(generator.beta(_MIXING, _MIXING))
    partners = generator.permutation(len(pictures))
    mixed = share * pictures.astype(np.float32) + (1 - share) * pictures[partners]
    if pictures.dtype == np.uint8:
        mixed = np.rint(mixed).astype(np.uint8)
    return mixed, share * targets + (1 - share) * targets[partners]

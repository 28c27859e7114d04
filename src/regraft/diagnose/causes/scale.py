"""How well a pixel convention explains pictures. Not a family: PRE, GEO and SKW read it."""

from regraft.diagnose.conventions import CONVENTIONS, byte_range
from regraft.diagnose.evidence import PixelStats

MIN_IMAGES = 8  # fewer, and one dark picture decides the range
GOOD_FIT = 0.25  # both ends within a quarter of the span: low-contrast data sets still fit
SAME = 0.02  # of the span: lite and signed differ by 0.4%, which no network feels
GRAY = 0.01  # of the span: channel means of gray pictures repeated to three channels agree


def misfit(stats: PixelStats, convention: str) -> float:
    """Distance of the range seen from the convention's, in spans of the convention.

    The probe also looks at whole numbers and channel means; where it judged this very
    convention (or one that is the same in practice), its number counts if it is the better one.
    """
    low, high = byte_range(convention)
    by_ends = max(abs(stats.low - low), abs(stats.high - high)) / (high - low)
    judged = [
        score
        for name, score in (
            (stats.convention, stats.misfit),
            (stats.runner_up, stats.runner_up_misfit),
        )
        if name and same(name, convention)
    ]
    return min([by_ends, *judged])


def fits(stats: PixelStats, convention: str) -> bool:
    """May these pictures be in this convention?"""
    return misfit(stats, convention) <= GOOD_FIT


def observed(stats: PixelStats) -> str:
    """The convention that explains the pictures, or "" where none does."""
    return stats.convention if stats.convention and stats.misfit <= GOOD_FIT else ""


def same(one: str, other: str) -> bool:
    """Do two conventions give a network the same values for all practical purposes?"""
    a, b = CONVENTIONS[one], CONVENTIONS[other]
    low, high = byte_range(other)
    gap = max(
        abs(a.scale[c] * byte + a.offset[c] - b.scale[c] * byte - b.offset[c])
        for c in range(3)
        for byte in (0, 255)
    )
    return a.order == b.order and gap <= SAME * (high - low)


def is_gray(stats: PixelStats) -> bool:
    """Are the three channels the same picture, as far as their means tell?"""
    if stats.channels != 3 or len(stats.channel_means) != 3:
        return True
    affine = CONVENTIONS[observed(stats) or "byte"]
    low, high = byte_range(observed(stats) or "byte")
    widest = max(abs(s) for s in affine.scale)
    means = [
        (mean - offset) / scale * widest
        for mean, scale, offset in zip(
            stats.channel_means, affine.scale, affine.offset, strict=True
        )
    ]
    return max(means) - min(means) <= GRAY * (high - low)


def span_text(stats: PixelStats) -> str:
    """The range seen, for a sentence."""
    return f"[{stats.low:.4g}, {stats.high:.4g}]"


def range_text(convention: str) -> str:
    """A convention and its range, for a sentence."""
    low, high = byte_range(convention)
    return f"{convention!r} [{low:.4g}, {high:.4g}]"

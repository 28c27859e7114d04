"""Pixel conventions a pipeline may have left the pictures in, right or wrong.

Each is a map from RGB bytes: ``value[c] = scale[c] * byte[order[c]] + offset[c]``. Doubled ones,
named "second-of-first", are what two scalings in a row leave behind. Only the maps are here: what
applies them to pixels is the run itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from regraft.adapt.pixels import BYTE, CAFFE, LITE, SIGNED, TORCH
from regraft.records import PixelSpec

Triple = tuple[float, float, float]
RGB, BGR = (0, 1, 2), (2, 1, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Affine:
    """``scale * x + offset`` per channel, after putting the channels into `order`."""

    order: tuple[int, int, int]
    scale: Triple
    offset: Triple

    def after(self, first: "Affine") -> "Affine":
        """The map that applies `first` and then this one."""
        scale = tuple(self.scale[c] * first.scale[self.order[c]] for c in range(3))
        offset = tuple(
            self.scale[c] * first.offset[self.order[c]] + self.offset[c] for c in range(3)
        )
        order = tuple(first.order[self.order[c]] for c in range(3))
        return Affine(order=_whole(order), scale=_triple(scale), offset=_triple(offset))

    def inverse(self) -> "Affine":
        """The map that undoes this one."""
        back = [self.order.index(c) for c in range(3)]
        scale = tuple(1.0 / self.scale[back[c]] for c in range(3))
        offset = tuple(-self.offset[back[c]] / self.scale[back[c]] for c in range(3))
        return Affine(order=_whole(back), scale=_triple(scale), offset=_triple(offset))


def of_spec(spec: PixelSpec) -> Affine:
    """The map a backbone's own convention stands for."""
    order = RGB if spec.channel_order == "rgb" else BGR
    return Affine(order=order, scale=spec.scale, offset=spec.offset)


def without_rescaling(backbone: str) -> PixelSpec:
    """What a network takes that prepares pixels itself, and was built with that left out.

    Source: `keras/src/applications/{mobilenet_v3,efficientnet_v2,convnext}.py`: their first layers.
    """
    is_torch = backbone.startswith(("convnext", "efficientnet_v2_b"))
    return TORCH if is_torch else SIGNED


def _triple(values: object) -> Triple:
    a, b, c = (float(v) for v in values)  # type: ignore[attr-defined]
    return (a, b, c)


def _whole(values: object) -> tuple[int, int, int]:
    a, b, c = (int(v) for v in values)  # type: ignore[attr-defined]
    return (a, b, c)


UNIT = Affine(order=RGB, scale=(1 / 255,) * 3, offset=(0.0,) * 3)
_SINGLE: Mapping[str, Affine] = {
    "byte": of_spec(BYTE),
    "unit": UNIT,
    "signed": of_spec(SIGNED),
    "caffe": of_spec(CAFFE),
    "torch": of_spec(TORCH),
    "lite": of_spec(LITE),
    # half of "signed": divided and not moved, or moved and divided by too much
    "double-unit": Affine(order=RGB, scale=(1 / 127.5,) * 3, offset=(0.0,) * 3),
    "shifted-unit": Affine(order=RGB, scale=(1 / 255,) * 3, offset=(-1.0,) * 3),
}
_SCALINGS = ("unit", "signed", "caffe", "torch")


def _all_conventions() -> dict[str, Affine]:
    doubled = {
        f"{second}-of-{first}": _SINGLE[second].after(_SINGLE[first])
        for second in _SCALINGS
        for first in _SCALINGS
    }
    return {**_SINGLE, **doubled}


#: Name -> map from RGB bytes. Single ones first, so that a tie goes to the simpler explanation.
CONVENTIONS: Mapping[str, Affine] = _all_conventions()


def byte_range(convention: str) -> tuple[float, float]:
    """Lowest and highest value that pictures spanning [0, 255] take under it."""
    affine = CONVENTIONS[convention]
    ends = [s * b + o for s, o in zip(affine.scale, affine.offset, strict=True) for b in (0, 255)]
    return min(ends), max(ends)


def conversion(observed: str, wanted: str) -> Affine:
    """The map that turns pictures in one convention into another."""
    return CONVENTIONS[wanted].after(CONVENTIONS[observed].inverse())


def stretch(span: tuple[float, float], wanted: str) -> Affine:
    """The map that turns pictures between two values into a convention's pictures of full range."""
    low, high = span
    seen = Affine(order=RGB, scale=((high - low) / 255,) * 3, offset=(low,) * 3)
    return CONVENTIONS[wanted].after(seen.inverse())

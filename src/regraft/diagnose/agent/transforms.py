"""Ways in which the pictures of one part may differ from those of the other."""

from collections.abc import Callable

import numpy as np

from regraft.adapt.resize import resize_stack

CONTENT = 0.1  # of all values' spread: a pixel further from the border's median is content


def magnify(x: np.ndarray, factor: float) -> np.ndarray:
    """The middle of square pictures enlarged, or all of them made smaller on their own border."""
    n, side, _, channels = x.shape
    if factor > 1:
        cut = max(1, round(side * (1 - 1 / factor) / 2))
        return resize_stack(x[:, cut : side - cut, cut : side - cut], height=side, width=side)
    inner = max(1, round(side * factor))
    small = resize_stack(x, height=inner, width=inner)
    first = (side - inner) // 2
    whole = np.repeat(np.median(_borders(x), axis=1), side * side, axis=0)
    whole = whole.reshape(n, side, side, channels).astype(small.dtype)
    whole[:, first : first + inner, first : first + inner] = small
    return whole


def cut_to_content(x: np.ndarray) -> np.ndarray:
    """Each picture cut to where it differs from its border, and brought back to its size."""
    height, width = x.shape[1:3]
    border = np.median(_borders(x), axis=1)[:, None, None, :]
    spread = (float(x.max()) - float(x.min())) or 1.0
    differs = (np.abs(x.astype(np.float32) - border) > CONTENT * spread).any(axis=-1)
    cut = []
    for picture, where in zip(x, differs, strict=True):
        rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
        if len(rows) and len(columns):
            picture = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        cut.append(resize_stack(picture[None], height=height, width=width)[0])
    return np.stack(cut)


def _borders(x: np.ndarray) -> np.ndarray:
    """The outermost pixels: (n, pixels, channels)."""
    sides = (x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1])
    return np.concatenate(sides, axis=1).astype(np.float32)


#: Ways pictures of one part may differ from the other's; names as in regraft.diagnose.repairs.
TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "transpose": lambda x: np.swapaxes(x, 1, 2),
    "rotate-90": lambda x: np.rot90(x, 1, (1, 2)),
    "rotate-180": lambda x: np.rot90(x, 2, (1, 2)),
    "rotate-270": lambda x: np.rot90(x, 3, (1, 2)),
    "flip-left-right": lambda x: x[:, :, ::-1],
    "flip-up-down": lambda x: x[:, ::-1],
    "invert": lambda x: x.max() + x.min() - x,
    "zoom-0.5": lambda x: magnify(x, 0.5),
    "zoom-0.7": lambda x: magnify(x, 0.7),
    "zoom-1.4": lambda x: magnify(x, 1.4),
    "zoom-2": lambda x: magnify(x, 2.0),
    "cut-to-content": cut_to_content,
    "swap-red-and-blue": lambda x: x[..., ::-1],
}

#: Those that leave pictures that are not square as high and as wide as they were.
OF_ANY_SHAPE = frozenset(
    {
        "rotate-180",
        "flip-left-right",
        "flip-up-down",
        "invert",
        "cut-to-content",
        "swap-red-and-blue",
    }
)

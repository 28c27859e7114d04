"""A picture as it might also have been taken: turned, moved, nearer, or seen in a mirror.

Training pictures are varied with it, and predictions may be averaged over several views.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How the content of a picture is changed; the picture keeps its size.

    What comes in from beyond the border repeats the border.
    """

    degrees: float = 0.0  # turned about the centre, counter-clockwise
    down: float = 0.0  # moved by a fraction of the height
    right: float = 0.0  # moved by a fraction of the width
    zoom: float = 1.0  # above 1 is nearer
    mirrored: bool = False  # left and right change places, before all else


AS_IT_IS = View()


def seen(picture: npt.NDArray[Any], view: View) -> npt.NDArray[Any]:
    """The picture in a view, sampled bilinearly.

    Args:
        picture: Shape (h, w, c), uint8 or float32.
        view: How it is to be seen.

    Returns:
        The same shape and type; bytes are rounded to the nearest.
    """
    if view.mirrored:
        picture = picture[:, ::-1]
    matrix, offset = _back(view, *picture.shape[:2])
    if np.array_equal(matrix, np.eye(2)) and not offset.any():
        return picture
    from scipy.ndimage import affine_transform

    warped = np.empty(picture.shape, np.float32)
    for channel in range(picture.shape[2]):
        affine_transform(
            picture[:, :, channel].astype(np.float32),
            matrix,
            offset,
            output=warped[:, :, channel],
            order=1,
            mode="nearest",
        )
    return np.rint(warped).astype(np.uint8) if picture.dtype == np.uint8 else warped


def seen_each(pictures: npt.NDArray[Any], views: list[View]) -> npt.NDArray[Any]:
    """Every picture of a batch (n, h, w, c) in a view of its own; same shape and type.

    Moving all alike, as answers that are averaged over views do, takes a quarter of the time.
    """
    first = views[0] if views else AS_IT_IS
    is_plain = replace(first, down=0.0, right=0.0) == AS_IT_IS
    if is_plain and pictures.dtype == np.float32 and all(view == first for view in views):
        moved = _moved(pictures, first.down * pictures.shape[1], axis=1)
        return _moved(moved, first.right * pictures.shape[2], axis=2)
    return np.stack([seen(picture, view) for picture, view in zip(pictures, views, strict=True)])


def _moved(pictures: npt.NDArray[np.float32], by: float, *, axis: int) -> npt.NDArray[np.float32]:
    """Pictures whose content is moved along an axis by so many pixels, sampled linearly."""
    if not by:
        return pictures
    whole = math.floor(by)
    part = np.float32(by - whole)
    length = pictures.shape[axis]
    places = np.arange(length) - whole
    near, far = (np.take(pictures, np.clip(at, 0, length - 1), axis) for at in (places, places - 1))
    mixed: npt.NDArray[np.float32] = near + part * (far - near)
    return mixed


def _back(view: View, height: int, width: int) -> tuple[Places, Places]:
    """The map from a (row, column) of the result to where it lies in the picture."""
    turn = math.radians(view.degrees)
    # rows grow downwards: a counter-clockwise turn on the screen
    matrix = np.array(
        [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]
    ) / view.zoom  # fmt: skip
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    moved = np.array([view.down * height, view.right * width])
    return matrix, centre - matrix @ (centre + moved)

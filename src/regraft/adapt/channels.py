"""Gray and colour pictures as the three channels that backbones read."""

from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.errors import InvalidArgumentError, expected_received


def as_rgb(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Three channels: gray is repeated, colour is returned as it is.

    Args:
        picture: Shape (..., c) with c 1 or 3, any value range; the dtype is kept.

    Raises:
        InvalidArgumentError: If c is neither 1 nor 3.
    """
    if picture.shape[-1] == 3:
        return picture
    _require_gray(picture.shape)
    return np.repeat(picture, 3, axis=-1)


def as_rgb_in_graph(x: Any) -> Any:
    """What `as_rgb` does, for a Keras tensor of static channel count.

    Raises:
        InvalidArgumentError: If the last dimension is neither 1 nor 3.
    """
    from keras import ops

    if x.shape[-1] == 3:
        return x
    _require_gray(x.shape)
    return ops.concatenate([x, x, x], axis=-1)


def _require_gray(shape: tuple[int | None, ...]) -> None:
    if shape[-1] != 1:
        raise InvalidArgumentError(
            expected_received(
                "pictures of 1 or 3 channels in the last dimension",
                f"shape {tuple(shape)}",
                "Decode them with regraft, which drops alpha and palettes.",
            )
        )

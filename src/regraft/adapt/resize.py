"""The one resize: a triangle filter with antialiasing and half-pixel centres.

Each output pixel is a weighted mean of the input pixels under a triangle around its
centre; the triangle is as wide as the step between output pixels when shrinking, and one
input pixel to each side when enlarging. Filtering rows and columns separately makes this
two matrix products whose matrices depend on the two sizes alone, so numpy, a Keras
graph and any exported model compute the same pixels.

Distance from others, on random noise in [0, 255]: from TensorFlow's antialiased bilinear resize,
which rounds its weights more, below 0.01; from Pillow's `BILINEAR`, which rounds to bytes after
each of its two passes, at most 1.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.errors import InvalidArgumentError, expected_received
from regraft.records import FloatArray

RESIZE_VERSION = 1  # part of every cache key: raise it when any output pixel changes

# Output rows computed together outside the graph. A band converts only the input rows under its
# triangles to floats, so a large picture never exists as floats.
_BAND = 16

_Band = tuple[slice, slice, Any]  # output rows, input rows, sparse weights between them


@lru_cache(maxsize=16)
def resize_matrix(n_in: int, n_out: int) -> FloatArray:
    """The weights along one axis, (n_out, n_in): non-negative, each row sums to 1.

    The array is shared and read-only.

    Raises:
        InvalidArgumentError: If a size is below 1.

    Example:
        >>> resize_matrix(2, 4).tolist()
        [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    """
    if n_in < 1 or n_out < 1:
        raise InvalidArgumentError(
            expected_received("sizes of at least 1 pixel", f"{n_in} resized to {n_out}")
        )
    step = n_in / n_out
    centres = (np.arange(n_out) + 0.5) * step
    distances = np.abs(np.arange(n_in) + 0.5 - centres[:, None]) / max(step, 1.0)
    weights = np.clip(1.0 - distances, 0.0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = weights.astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def resize(picture: npt.NDArray[Any], *, height: int, width: int) -> FloatArray:
    """Resize one picture; the aspect ratio is not kept.

    Args:
        picture: Shape (h, w, c), values in [0, 255], uint8 or float32.
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        Shape (height, width, c), float32 in [0, 255], not rounded.

    Raises:
        InvalidArgumentError: If the picture has no pixels or not three dimensions.
    """
    if picture.ndim != 3:
        raise InvalidArgumentError(
            expected_received("one picture (h, w, c)", f"an array of shape {picture.shape}")
        )
    h, w, c = picture.shape
    rows = _apply(_bands(h, height), picture.reshape(h, w * c))  # (height, w*c)
    turned = rows.reshape(height, w, c).transpose(1, 0, 2).reshape(w, height * c)
    columns = _apply(_bands(w, width), turned)  # (width, height*c)
    return np.ascontiguousarray(columns.reshape(width, height, c).transpose(1, 0, 2))


def resize_stack(pictures: npt.NDArray[Any], *, height: int, width: int) -> FloatArray:
    """Resize pictures of one size, equal to `resize` up to float32 rounding.

    Args:
        pictures: Shape (n, h, w, c), values in [0, 255], uint8 or float32.
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        Shape (n, height, width, c), float32 in [0, 255]: many times faster than one by one where
        pictures are small, with whole matrices in place of sparse ones.
    """
    rows = resize_matrix(pictures.shape[1], height)
    columns = resize_matrix(pictures.shape[2], width)
    stretched = np.einsum("yh,nhwc->nywc", rows, pictures.astype(np.float32), optimize=True)
    resized: FloatArray = np.einsum("xw,nywc->nyxc", columns, stretched, optimize=True)
    return resized


def resize_in_graph(x: Any, *, height: int, width: int) -> Any:
    """Resize a batch inside a Keras graph, equal to `resize` up to float32 rounding.

    Args:
        x: Keras tensor (n, h, w, c), any dtype, values in [0, 255]; h, w and c are static.
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        Keras tensor (n, height, width, c), float32 in [0, 255].
    """
    from keras import ops

    _, h, w, c = x.shape
    x = ops.cast(x, "float32")
    if h != height:
        x = ops.matmul(resize_matrix(h, height), ops.reshape(x, (-1, h, w * c)))
    if w != width:
        columns = resize_matrix(w, width)
        if c == 1:  # one matrix product over all rows instead of many by a vector
            x = ops.matmul(ops.reshape(x, (-1, height, w)), columns.T)
        else:
            x = ops.matmul(columns, ops.reshape(x, (-1, height, w, c)))
    return ops.reshape(x, (-1, height, width, c))


@lru_cache(maxsize=256)  # far smaller than the whole matrices: sets have pictures of many sizes
def _bands(n_in: int, n_out: int) -> tuple[_Band, ...]:
    from scipy.sparse import csr_array

    matrix = resize_matrix(n_in, n_out)
    bands = []
    for start in range(0, n_out, _BAND):
        out = slice(start, min(start + _BAND, n_out))
        used = np.flatnonzero(matrix[out].any(axis=0))
        under = slice(int(used[0]), int(used[-1]) + 1)
        bands.append((out, under, csr_array(matrix[out, under])))
    return tuple(bands)


def _apply(bands: tuple[_Band, ...], x: npt.NDArray[Any]) -> FloatArray:
    """The product of a banded matrix (n_out, n_in) with x (n_in, m).

    Sparse: a twentieth of the work of a dense product when a photograph becomes 32 pixels wide,
    and one thread, so the network beside it keeps its cores.
    """
    result = np.empty((bands[-1][0].stop, x.shape[1]), np.float32)
    for out, under, weights in bands:
        result[out] = weights @ x[under].astype(np.float32, copy=False)
    return result

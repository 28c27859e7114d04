"""Adaptive average pooling of a map to a p x p grid, as one matrix product.

Cell i of p covers the interval [i, i + 1) * side / p of the map, and map pixels that straddle
two cells are shared by area. So every pixel weighs the same in total, and where p divides the
side this is plain average pooling.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from regraft.errors import InvalidArgumentError, expected_received
from regraft.records import FloatArray


@lru_cache(maxsize=256)
def pool_matrix(n_in: int, n_out: int) -> FloatArray:
    """The weights along one axis, (n_out, n_in): each row sums to 1.

    The array is shared and read-only.

    Raises:
        InvalidArgumentError: If the grid is finer than the map, or has no cell.

    Example:
        >>> pool_matrix(6, 4)[:2].round(3)
        array([[0.667, 0.333, 0.   , 0.   , 0.   , 0.   ],
               [0.   , 0.333, 0.667, 0.   , 0.   , 0.   ]], dtype=float32)
    """
    if not 1 <= n_out <= n_in:
        raise InvalidArgumentError(
            expected_received(
                f"a grid from 1 to {n_in}, the side of the map at this tap and size",
                f"{n_out}",
                "Use a coarser grid, a larger size, or an earlier tap.",
            )
        )
    edges = np.arange(n_out + 1) * (n_in / n_out)
    pixels = np.arange(n_in)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares = np.clip(overlap, 0.0, None) * (n_out / n_in)
    matrix: FloatArray = shares.astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def pool_in_graph(maps: Any, grid: int) -> Any:
    """Pool a batch of maps and lay every picture's cells in one row.

    Args:
        maps: Keras tensor (n, h, w, c) of static h, w and c.
        grid: Cells per side, p.

    Returns:
        Keras tensor (n, p*p*c): row-major cells, channels innermost.

    Raises:
        InvalidArgumentError: If the grid is finer than the map.
    """
    from keras import ops

    _, h, w, c = maps.shape
    cells = np.kron(pool_matrix(h, grid), pool_matrix(w, grid))  # (p*p, h*w)
    pooled = ops.matmul(cells, ops.reshape(maps, (-1, h * w, c)))
    return ops.reshape(pooled, (-1, grid * grid * c))

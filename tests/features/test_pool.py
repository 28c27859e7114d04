import numpy as np
import pytest

from regraft.errors import InvalidArgumentError
from regraft.features.pool import pool_in_graph, pool_matrix


@pytest.mark.parametrize("n_in", [1, 4, 7, 12])
@pytest.mark.parametrize("n_out", [1, 2, 3, 4])
def test_pool_matrix_shares_every_pixel_out(n_in, n_out):
    if n_out > n_in:
        with pytest.raises(InvalidArgumentError, match=f"a grid from 1 to {n_in}"):
            pool_matrix(n_in, n_out)
        return
    matrix = pool_matrix(n_in, n_out)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(matrix.sum(axis=0), n_out / n_in, atol=1e-6)


def pooled(maps, grid):
    import keras

    inputs = keras.Input(maps.shape[1:])
    return np.asarray(keras.Model(inputs, pool_in_graph(inputs, grid))(maps))


def test_pool_in_graph_is_average_pooling_where_the_grid_divides():
    maps = np.random.default_rng(0).normal(size=(2, 6, 4, 3)).astype(np.float32)
    slow = maps.reshape(2, 2, 3, 2, 2, 3).mean(axis=(2, 4)).reshape(2, -1)
    np.testing.assert_allclose(pooled(maps, 2), slow, atol=1e-6)


def test_pool_in_graph_of_one_cell_is_the_mean():
    maps = np.random.default_rng(0).normal(size=(2, 7, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(pooled(maps, 1), maps.mean(axis=(1, 2)), atol=1e-6)


def test_pool_in_graph_of_as_many_cells_as_pixels_is_the_map():
    maps = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(pooled(maps, 4), maps.reshape(2, -1), atol=1e-6)

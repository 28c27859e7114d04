import numpy as np
import pytest

from regraft.data.open import open_data
from regraft.errors import InvalidArgumentError


def arrays() -> dict[str, np.ndarray]:
    """300 training pictures (150, 100, 50 a class) and 100 test pictures (25, 25, 50)."""
    x = np.random.default_rng(0).integers(0, 256, (400, 4, 4), dtype=np.uint8)
    y = np.repeat([0, 1, 2, 0, 1, 2], [150, 100, 50, 25, 25, 50])
    return {"x_train": x[:300], "y_train": y[:300], "x_test": x[300:], "y_test": y[300:]}


def test_limit_keeps_the_proportions_of_parts_and_classes():
    images = open_data(arrays(), limit=80)
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (images.given_split, images.labels), 1)
    assert counts.tolist() == [[30, 20, 10], [0, 0, 0], [5, 5, 10]]


def test_limit_keeps_order_repeats_and_depends_on_the_seed():
    whole = open_data(arrays())
    position = {digest: row for row, digest in enumerate(whole.pictures.digests())}
    rows = {
        seed: [position[d] for d in open_data(arrays(), limit=50, seed=seed).pictures.digests()]
        for seed in (1, 2)
    }
    assert rows[1] == sorted(rows[1])
    assert rows[1] != rows[2]
    again = open_data(arrays(), limit=50, seed=1).pictures.digests()
    assert rows[1] == [position[d] for d in again]


@pytest.mark.parametrize("limit", [9, 10, 57, 399])
def test_limit_is_met_exactly_and_every_class_stays(limit):
    images = open_data(arrays(), limit=limit)
    assert len(images) == limit
    trained = np.bincount(images.labels[images.given_split == 0])
    assert trained.min() >= 2
    assert np.bincount(images.labels[images.given_split == 2]).min() >= 1


def test_limit_above_the_number_of_pictures_changes_nothing():
    assert open_data(arrays(), limit=10**9).fingerprint() == open_data(arrays()).fingerprint()


@pytest.mark.parametrize("limit", [-1, 0, 8])
def test_limit_too_small_for_the_classes(limit):
    with pytest.raises(InvalidArgumentError, match="a limit of at least 9"):
        open_data(arrays(), limit=limit)

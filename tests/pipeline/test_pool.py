import pytest

from regraft.data.open import open_data
from regraft.pipeline import pool as module
from regraft.pipeline.parting import part
from regraft.pipeline.pool import Pool

from .conftest import three_classes


@pytest.fixture(scope="module")
def images():
    return open_data(three_classes(300))


def test_what_is_read_is_parted_as_it_is_ordered(images):
    split = part(images, seed=0)
    pool = Pool.of(images, split, seed=0)
    n_train, n_test = 120, 30
    rows = pool.rows(n_train, n_test)
    assert len(set(rows)) == len(rows) == len(pool.validation) + 150
    for n_read in (len(rows), len(rows) - 7, len(pool.validation) + 60):
        parts = pool.split(n_train, n_test, n_read)
        assert set(rows[parts.test]) <= set(split.test)
        assert set(rows[parts.validation]) == set(pool.validation)
        assert not set(rows[parts.train]) & set(split.test)
        assert sum(map(len, (parts.train, parts.validation, parts.test))) == n_read


def test_validation_pictures_that_are_not_needed_are_learnt_from(images, monkeypatch):
    monkeypatch.setattr(module, "MOST_VALIDATION", 9)
    split = part(images, seed=0)
    pool = Pool.of(images, split, seed=0)
    assert len(pool.validation) == 9
    assert len(pool.train) == len(split.train) + len(split.validation) - 9

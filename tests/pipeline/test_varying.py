import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.deadline import Deadline
from regraft.features.extract import extract
from regraft.heads.choose_l2 import fit_head
from regraft.pipeline import varying as module
from regraft.pipeline.parting import part
from regraft.pipeline.preparing import Ready
from regraft.pipeline.varying import LEAST_SHARE, Varying
from regraft.planning.default import Choice

from ..conftest import Listener

LONG = 600.0  # seconds


@pytest.fixture(scope="module")
def varying():
    """Bright and dark pictures, which stay what they are however they are turned."""
    generator = np.random.default_rng(0)
    y = np.arange(400) % 2
    x = generator.integers(0, 90, (400, 16, 16)) + 160 * y[:, None, None]
    images = open_data((x.astype(np.uint8), y))
    split = part(images, seed=0)
    row = get("efficientnet_lite0")
    choice = Choice(row=row, size=32, taps=("block2a_project_bn",), grids=(2,))
    features = extract(
        images,
        row=row,
        weights=None,
        size=32,
        requests=choice.requests,
        runtime="tensorflow",
        cache=None,
    )
    ready = Ready(choice=choice, weights=None, images=images, split=split, features=features)
    parts = [
        (features.of(choice.requests, rows), images.labels[rows])
        for rows in (split.train, split.validation)
    ]
    head = fit_head(*parts[0], validation=parts[1], n_classes=2)
    return Varying(ready=ready, head=head, seed=0, observer=Listener())


def test_all_training_pictures_are_varied_where_there_is_time(varying):
    n, d = len(varying.ready.split.train), 4 * 24
    rows = varying.rows(Deadline(LONG), passes=2, a_row=1e-6)
    assert rows.shape == (n, d)
    as_they_are = varying.ready.features.of(
        varying.ready.choice.requests, varying.ready.split.train
    )
    assert not np.isclose(rows, as_they_are).all(axis=1).any()
    assert "moved by 8%, turned by 15 degrees" in varying.observer.notes[-1]


def test_a_part_of_them_where_there_is_less(varying):
    n = len(varying.ready.split.train)
    a_row = 1.0  # so slow a head that reading does not count
    rows = varying.rows(Deadline(2 * a_row * n * 1.7), passes=2, a_row=a_row)
    assert LEAST_SHARE * n < len(rows) < 0.8 * n


def test_too_few_are_none(varying):
    n = len(varying.ready.split.train)
    assert varying.rows(Deadline(2 * n * 1.1), passes=2, a_row=1.0) is None


def test_what_memory_does_not_hold_is_not_read(varying, monkeypatch):
    bytes_of_all = 4 * 4 * 24 * len(varying.ready.split.train)
    monkeypatch.setattr(module, "physical_memory", lambda: bytes_of_all)  # a sixth may be used
    assert varying.rows(Deadline(LONG), passes=2, a_row=1e-6) is None


def test_no_variation_is_used_that_costs_the_classes(varying, monkeypatch):
    from regraft.finetune import augment

    monkeypatch.setattr(augment.Tried, "keeps_classes", False)
    assert varying.rows(Deadline(LONG), passes=2, a_row=1e-6) is None

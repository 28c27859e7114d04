import numpy as np
import pytest

from regraft.data.open import open_data
from regraft.planning.probe import hold, nested_rows


def test_every_beginning_is_stratified():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    rows = np.arange(1000)
    order = nested_rows(labels, rows, seed=0)
    assert sorted(order) == list(range(1000))
    for n in (10, 50, 200):
        counts = np.bincount(labels[order[:n]], minlength=3)
        assert np.abs(counts - n * np.array([0.6, 0.3, 0.1])).max() <= 1


def test_only_the_rows_given_are_in_it_and_the_seed_decides():
    labels = np.arange(40) % 2
    rows = np.arange(0, 40, 2)[::-1]
    one, other = (nested_rows(labels, rows, seed=seed) for seed in (0, 1))
    assert sorted(one) == sorted(other) == sorted(rows)
    assert not np.array_equal(one, other)
    assert np.array_equal(one, nested_rows(labels, rows, seed=0))


def test_arrays_are_held_already():
    images = open_data((np.zeros((4, 8, 8), np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None],
                        np.array([0, 0, 1, 1])))  # fmt: skip
    held, seconds = hold(images, n=2, reduce_to=224)
    assert held is images
    assert seconds == 0


@pytest.fixture
def folder(tmp_path):
    from PIL import Image

    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(3):
            level = 20 * number + (100 if name == "b" else 0)
            Image.new("L", (5 + number, 4), level).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_files_are_decoded_once(folder, monkeypatch):
    images = open_data(folder)
    held, seconds = hold(images, n=4, reduce_to=224)
    assert seconds > 0
    assert held.fingerprint() == images.fingerprint()
    reads = []
    each = type(images.pictures).each
    monkeypatch.setattr(
        type(images.pictures),
        "each",
        lambda self, rows, *options, **named: (
            reads.append(len(rows)) or each(self, rows, *options, **named)
        ),
    )
    rows = np.array([3, 5, 0, 4])
    for set_, wanted in ((held, rows), (held.take(rows), np.arange(4))):
        got = [int(picture[0, 0, 0]) for picture in set_.read(wanted)]
        assert got == [100, 140, 0, 120]
    assert reads == [2, 2]

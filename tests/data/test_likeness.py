"""Pictures that were saved again must stay on one side."""

import io

import numpy as np
import pytest
from PIL import Image

from regraft.data import likeness
from regraft.data.likeness import alike, joined
from regraft.data.open import open_data
from regraft.data.split import split_rows


def scene(seed, side=96):
    """A smooth colour picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path):
    """24 scenes in two classes, each as PNG, as JPEG, and at half its size."""
    for number in range(24):
        place = tmp_path / ("cat" if number % 2 else "dog")
        place.mkdir(exist_ok=True)
        picture = scene(number)
        picture.save(place / f"{number}.png")
        picture.save(place / f"{number} again.jpg", quality=60)
        picture.resize((48, 48), Image.Resampling.BOX).save(place / f"{number} small.png")
    return tmp_path


def names_of(images):
    return np.array([name.split("/")[1].split(".")[0].split()[0] for name in images.row_names])


def test_pictures_that_were_saved_again_are_one(folder):
    images = open_data(folder)
    names, identity = names_of(images), images.identity()
    assert len(np.unique(identity)) == 24
    assert all(len(set(identity[names == name])) == 1 for name in names)


def test_no_split_parts_them(folder):
    images = open_data(folder)
    split = split_rows(images, validation_fraction=0.2, test_fraction=0.2, seed=0)
    names = names_of(images)
    assert not set(names[split.test]) & set(names[np.concatenate([split.train, split.validation])])


def test_arrays_with_a_little_noise_are_one():
    x = np.stack([np.asarray(scene(number, 24)) for number in range(20)])
    noise = np.random.default_rng(0).integers(-1, 2, x.shape)
    both = np.concatenate([x, np.clip(x + noise, 0, 255).astype(np.uint8)])
    images = open_data((both, np.arange(40) % 2))
    assert sorted(alike(images.pictures)) == [(n, n + 20) for n in range(20)]


def test_different_digits_are_different():
    assert alike(open_data("digits").pictures) == []


@pytest.mark.parametrize("shades", [range(0, 40, 2), [0] * 20])
def test_blank_pictures_are_not_compared(shades):
    x = np.stack([np.full((8, 8), shade, np.uint8) for shade in shades])
    assert alike(open_data((x, np.arange(20) % 2)).pictures) == []


def nearly(picture, n):
    return np.clip(np.asarray(picture).astype(int) + n % 3, 0, 255).astype(np.uint8)


def test_where_half_of_a_class_is_alike_they_are_no_copies():
    x = np.stack([nearly(scene(n % 2, 24), n) for n in range(40)])
    images = open_data((x, np.arange(40) % 2))
    assert len(alike(images.pictures)) > 0
    assert np.bincount(images.identity()).max() == 40 // 6 + 1  # identical ones stay together


@pytest.mark.parametrize(("originals", "copies"), [(6, 3), (6, 8), (8, 12), (20, 2)])
def test_copies_in_small_data_stay_together(originals, copies):
    n = np.arange(originals * copies)
    x = np.stack([nearly(scene(row % originals, 24), row // originals) for row in n])
    images = open_data((x, n % originals % 2))
    split = split_rows(images, seed=0)
    sides = [set(part % originals) for part in (split.train, split.validation, split.test)]
    assert all(sides)
    assert sum(map(len, sides)) == originals


def test_frames_that_change_from_one_to_the_next_are_not_one():
    frames = np.linspace(0, 1, 300)[:, None, None, None]
    first, last = (np.asarray(scene(seed, 24)) for seed in (0, 1))
    x = (first * (1 - frames) + last * frames).astype(np.uint8)
    images = open_data((x, np.arange(300) // 150))
    assert len(alike(images.pictures)) > 300
    split = split_rows(images, seed=0)
    assert len(split.validation) > 30


def test_nearly_all_alike_are_not_even_listed(monkeypatch):
    monkeypatch.setattr(likeness, "MOST_PAIRS", 5)
    x = np.stack([nearly(scene(0, 24), n) for n in range(40)])
    assert alike(open_data((x, np.arange(40) % 2)).pictures) == []


def test_many_or_large_pictures_are_not_compared(folder, monkeypatch):
    pictures = open_data(folder).pictures
    assert likeness.reason_not_compared(pictures) == ""
    for name, reason in (("MOST", "more than 10 pictures"), ("MOST_BYTES", "more than 1e-08 GB")):
        monkeypatch.setattr(likeness, name, 10)
        assert likeness.reason_not_compared(pictures).startswith(reason)
        assert alike(pictures) == []
        monkeypatch.undo()


def test_a_picture_that_cannot_be_decoded_is_not_compared(folder):
    cut = folder / "cat" / "1.png"
    cut.write_bytes(cut.read_bytes()[:-400])
    pairs = alike(open_data(folder).pictures)
    assert len(pairs) == 24 * 3 - 2


def test_links_are_followed():
    labels = np.repeat([0, 1], [5, 4])
    identity = np.array([5, 5, 7, 8, 9, 10, 11, 12, 13])
    assert joined(identity, [(1, 2)], np.zeros(9, int)).tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 6]
    # three of five would be half of the class and more: only the two identical ones are one
    assert len(set(joined(identity, [(1, 2)], labels))) == len(set(identity))
    assert joined(np.array([5, 5, 7]), [], np.zeros(3, int)).tolist() == [5, 5, 7]


def test_gray_and_tiny_pictures():
    buffer = io.BytesIO()
    scene(3).convert("L").save(buffer, "PNG")
    gray = np.asarray(Image.open(buffer))
    cells = likeness._cells(gray[..., None])
    assert cells.shape == (16 * 16 * 3,)
    np.testing.assert_allclose(cells.mean(), gray.mean(), atol=0.5)
    assert likeness._cells(gray[:3, :5, None]).shape == (16 * 16 * 3,)

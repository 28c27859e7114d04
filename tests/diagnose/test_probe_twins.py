import numpy as np
import pytest
from scipy import ndimage

from regraft.diagnose.agent.boundary import thumbnails
from regraft.diagnose.probe.twins import near_twins, set_apart


@pytest.fixture(scope="module")
def thumbs(digits):
    return thumbnails(digits["x_train"][:700, ..., None])


def _scenes(n: int, seed: int) -> np.ndarray:
    """Smooth random pictures, as different from one another as photographs are."""
    noise = np.random.default_rng(seed).normal(size=(n, 64, 64, 3))
    return ndimage.gaussian_filter(noise, (0, 5, 5, 0), mode="wrap")


def flags(train, validation):
    """Which validation rows have a twin, and which training rows."""
    pairs = near_twins(train, validation)
    parts = zip(pairs, (validation, train), strict=True)
    return [np.isin(np.arange(len(part)), rows) for rows, part in parts]


def test_copies_are_near_and_other_digits_are_not(digits, thumbs):
    fresh = thumbnails(digits["x_test"][:200, ..., None])
    of_validation, of_train = flags(thumbs, fresh)
    assert of_validation.mean() < 0.02
    assert of_train.mean() < 0.02
    rng = np.random.default_rng(0)
    copies = digits["x_train"][:50, ..., None] * 0.8 + rng.normal(0, 2, (50, 28, 28, 1))
    mixed = np.concatenate([fresh[:150], thumbnails(copies)])
    of_validation, of_train = flags(thumbs, mixed)
    assert of_validation[150:].mean() > 0.95
    assert of_validation[:150].mean() < 0.02
    assert of_train[:50].mean() > 0.95
    assert of_train[50:].mean() < 0.02


def test_nothing_is_near_nothing(thumbs):
    of_validation, of_train = flags(thumbs[:0], thumbs[:5])
    assert (of_validation.tolist(), of_train.tolist()) == ([False] * 5, [])


@pytest.mark.parametrize("n", [200, 1200], ids=["few", "many"])
def test_flipped_and_shifted_copies_of_scenes_are_near(n):
    scenes, others = _scenes(n, 0), _scenes(60, 1)
    copies = np.concatenate([scenes[:40, 4:62, 2:60], scenes[40:80, :58, 6:][:, :, ::-1]])
    asked = np.concatenate([thumbnails(copies), thumbnails(others)])
    of_validation, of_train = flags(thumbnails(scenes[:, 3:61, 3:61]), asked)
    assert of_validation[:80].mean() > 0.8
    assert not of_validation[80:].any()
    assert of_train[:80].mean() > 0.8
    assert not of_train[80:].any()


def test_digits_resemble_each_other_too_much_for_variants(digits, thumbs):
    shifted = np.roll(digits["x_train"][:100, ..., None], 2, axis=2)
    of_validation, _ = flags(thumbs, thumbnails(shifted))
    assert of_validation.mean() < 0.02


def test_those_set_apart_leave_most_of_their_twins_to_train_on():
    scenes = _scenes(100, 0)
    shifted, mirrored = np.roll(scenes, 4, axis=2), scenes[:, :, ::-1]
    train = thumbnails(np.concatenate([shifted, mirrored]))
    validation = thumbnails(scenes)
    pairs = near_twins(train, validation)
    assert len(np.unique(pairs[1])) > 190  # two twins of nearly every one
    asked, dropped = set_apart(train, validation, pairs)
    assert len(asked) == 25
    assert set(dropped) <= {*asked, *(asked + 100)}
    assert len(dropped) > 45
    alone = thumbnails(_scenes(100, 1))
    asked, dropped = set_apart(train, alone, near_twins(train, alone))
    assert (len(asked), len(dropped)) == (100, 0)

import numpy as np
import pytest

from regraft.diagnose.probe import excerpts


@pytest.fixture(scope="module")
def pictures(digits):
    return digits["x_train"][:700]


def test_patches_of_one_picture_are_known_by_their_pixels(pictures):
    corners = [(0, 0), (0, 4), (4, 0), (4, 4)]
    patches = [pictures[:200, r : r + 24, c : c + 24] for r, c in corners]
    train, validation = np.concatenate(patches[:3]), patches[3]
    of_validation, of_train = excerpts.shared(train, validation)
    assert (of_train % 200 == of_validation).mean() > 0.98
    assert len(np.unique(of_validation)) > 180


@pytest.mark.parametrize("change", [
    pytest.param(lambda x: np.roll(x, (2, -3), axis=(1, 2)), id="shifted"),
    pytest.param(lambda x: x[:, :, ::-1], id="mirrored"),
    pytest.param(lambda x: x.repeat(2, axis=1).repeat(2, axis=2) / 127.5 - 1, id="enlarged"),
])  # fmt: skip
def test_copies_that_were_changed_are_known(pictures, change):
    train = change(pictures[:300]) if change(pictures[:1]).shape[1] > 28 else pictures[:300]
    validation = change(pictures[200:400])
    of_validation, of_train = excerpts.shared(train, validation)
    assert (of_train == of_validation + 200).mean() > 0.98
    assert len(np.unique(of_validation)) > 60


def test_different_digits_share_no_pixels(pictures):
    of_validation, _ = excerpts.shared(pictures[:500], pictures[500:])
    assert len(np.unique(of_validation)) <= 2


def test_drawn_shapes_and_blank_pictures_show_too_little():
    x = np.zeros((60, 32, 32), np.uint8)
    for number, picture in enumerate(x):
        picture[number % 9 : number % 9 + 14, 5:19] = 200
    assert len(excerpts.shared(x[:30], x[30:])[0]) == 0
    assert len(excerpts.shared(x[:30] * 0, x[30:] * 0)[0]) == 0


def test_what_cannot_be_compared(pictures):
    for train, validation in (
        (pictures[:3], pictures[:3, :20]),
        (pictures[:0], pictures[:3]),
        (pictures[:3, :12, :12], pictures[:3, :12, :12]),
    ):
        assert len(excerpts.shared(train, validation)[0]) == 0

"""A folder that is read in one order at every pass, with the same pictures in each subset."""

import keras
import numpy as np
import pytest

from regraft.diagnose.agent import interventions
from regraft.diagnose.agent.hooks import datasets

SITE = {"file": "train.py", "line": 7, "code": "image_dataset_from_directory(...)"}


@pytest.fixture
def folder(tmp_path):
    for number in range(40):
        picture = np.full((4, 4, 3), 6 * number, np.uint8)
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        keras.utils.save_img(path, picture, scale=False)
    return tmp_path


def passes(folder):
    """The numbers of the pictures of a subset, in the order of two passes."""
    data = keras.utils.image_dataset_from_directory(
        folder, image_size=(4, 4), validation_split=0.25, subset="training", seed=3, verbose=False
    )
    return [[int(x[0, 0, 0] / 6) for batch, _ in data for x in np.asarray(batch)] for _ in "12"]


def test_the_order_is_kept_and_so_are_the_subsets(folder, monkeypatch):
    first, second = passes(folder)
    assert first != second
    repair = {"kind": "keep-order", "parameters": SITE}
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions([repair]))
    with datasets._one_order(SITE):
        kept, again = passes(folder)
    assert kept == again
    assert sorted(kept) == sorted(first)
    first, second = passes(folder)
    assert first != second

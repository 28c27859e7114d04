import json
from pathlib import Path

import numpy as np
import pytest

from regraft.errors import ArtefactError, InvalidArgumentError, MissingFileError
from regraft.pipeline.request import Request

USUAL = {
    "data": "digits", "backbone": "auto", "size": "auto", "taps": ("a", "b"), "grids": (1, 2),
    "mode": "finetune", "budget": 300.0, "runtime": "tensorflow", "limit": None, "seed": 0,
    "on_bad_image": "fail", "weights": Path("own.h5"), "epochs": 3, "mixup": False, "tta": None,
}  # fmt: skip


def written(**changes):
    return json.loads(json.dumps(Request(**USUAL).as_json())) | changes


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param("digits", "digits", id="known-name"),
        pytest.param("photos.csv", "photos", id="manifest"),
        pytest.param("some/photos.NPZ", "photos", id="arrays-in-a-file"),
        pytest.param("some/v1.0", "v1.0", id="folder-with-a-dot"),
        pytest.param(Path("some/v1.0/"), "v1.0", id="path"),
        pytest.param(".", "here", id="current-folder"),
        pytest.param("..", "above", id="parent-folder"),
        pytest.param((np.zeros(1), np.zeros(1)), "arrays", id="in-memory"),
    ],
)
def test_a_run_is_called_after_its_data(tmp_path, monkeypatch, data, name):
    here = tmp_path / "above" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    assert Request(**(USUAL | {"data": data})).name == name


def test_it_comes_back_from_json():
    before = Request(**USUAL)
    after = Request.from_json(written(), data=None)
    assert after.as_json() == before.as_json()
    assert (after.taps, after.weights) == (("a", "b"), Path("own.h5").absolute())


@pytest.mark.parametrize(
    ("named", "said"),
    [
        pytest.param({"backbone": "vgg61"}, "vgg16", id="backbone"),
        pytest.param({"backbone": "vgg16", "taps": ("block3_poll",)}, "block3_pool", id="tap"),
    ],
)
def test_names_are_looked_up_before_any_picture_is_read(named, said):
    with pytest.raises(InvalidArgumentError, match=said):
        Request(**(USUAL | {"data": "no/such/folder"} | named))


def test_pictures_in_memory_are_filled_in():
    data = (np.zeros((2, 3, 3), np.uint8), np.arange(2))
    assert Request.from_json(written(data=None), data=data).data is data
    assert Request.from_json(written(), data=None).data == "digits"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"size": [1]}, "size", id="type"),
        pytest.param({"mode": "magic"}, "mode", id="choice"),
        pytest.param({"unheard": 1}, "unheard", id="too-many"),
        pytest.param({"seed": None}, "seed", id="none"),
    ],
)
def test_other_arguments_are_refused_by_name(changes, said):
    with pytest.raises(ArtefactError, match=said):
        Request.from_json(written(**changes), data=None)


def test_a_missing_argument_is_named():
    value = written()
    del value["weights"]
    with pytest.raises(ArtefactError, match="weights: too few"):
        Request.from_json(value, data=None)


def test_a_user_that_is_not_there_is_no_fault_of_regraft():
    request = Request(**(USUAL | {"data": "~nosuchuser/x"}))
    for ask in (request.as_json, lambda: request.name):
        with pytest.raises(MissingFileError, match="nosuchuser"):
            ask()

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.deadline import Deadline
from regraft.pipeline import shortlisting
from regraft.pipeline.parting import part
from regraft.pipeline.request import Request
from regraft.pipeline.shortlisting import (
    MOST,
    MOST_A_BACKBONE,
    Listed,
    named,
    shortlist,
    stage_ends,
)
from regraft.planning.default import Choice

from ..conftest import Listener
from .conftest import three_classes

LITE = get("efficientnet_lite0")


def asked(**changes):
    facts = {
        "data": None, "backbone": LITE.name, "size": "auto", "taps": "auto", "grids": "auto",
        "mode": "finetune", "budget": 600.0, "runtime": "tensorflow", "limit": None, "seed": 0,
        "on_bad_image": "fail", "weights": None, "epochs": None, "mixup": False, "tta": False,
    }  # fmt: skip
    return Request(**(facts | changes))


def listed(name, accuracy):
    row = get(name)
    choice = Choice(row=row, size=64, taps=(row.default_tap,), grids=(1,))
    return Listed(
        choice=choice, weights=None, features=np.zeros((1, 1), np.float32),
        labels=np.zeros(1, np.int64), accuracy=accuracy,
    )  # fmt: skip


@pytest.fixture(scope="module")
def images():
    return open_data(three_classes(240))


@pytest.fixture(scope="module")
def split(images):
    return part(images, seed=0)


def found(images, split, *, seconds=60.0, training_seconds=1e4, **changes):
    listener = Listener()
    plans = shortlist(
        images, split, asked=asked(**changes), deadline=Deadline(seconds),
        training_seconds=training_seconds, observer=listener,
    )  # fmt: skip
    return plans, listener


def test_a_stage_is_read_at_its_end_coarse_and_fine():
    requests = stage_ends(LITE, 64, taps="auto", grids="auto")
    taps = [tap for tap, _ in requests]
    assert "block3b_add" in taps
    assert "block3a_project_bn" not in taps
    assert {grid for tap, grid in requests if tap == "block3b_add"} == {1, 4}
    assert {grid for tap, grid in requests if tap == "top_relu"} == {1, 2}


def test_what_is_named_is_kept():
    only = stage_ends(LITE, 64, taps=("block3a_project_bn",), grids=(2,))
    assert only == (("block3a_project_bn", 2),)


def test_only_what_can_be_trained_in_time_is_listed(images, split, monkeypatch):
    monkeypatch.setattr(shortlisting, "product_macs_per_second", lambda: 1e9)
    # three passes' worth a step, two epochs, bfloat16: so many multiply-adds a picture are left
    allowed = 2 * 1e9 * 1.0 / (3 * 2 * len(split.train))
    (plan,), _ = found(images, split, training_seconds=1.0, size=32)
    assert plan.choice.row.macs(plan.choice.taps[0], 32) <= allowed
    assert allowed < LITE.macs(LITE.default_tap, 32)


def test_a_backbone_that_is_too_dear_is_still_listed(images, split):
    (plan,), _ = found(images, split, training_seconds=1e-9, size=32)
    assert plan.choice.taps == (LITE.taps[0].name,)


def test_without_time_the_first_pass_is_made(images, split):
    plans, listener = found(images, split, seconds=0.0)
    assert len(plans) == 1
    assert len(listener.notes) == 1
    assert named(plans[0].choice) in listener.notes[0]


@pytest.mark.slow
def test_the_best_come_first(images, split):
    plans, listener = found(images, split)
    assert len(plans) == MOST_A_BACKBONE
    assert plans[0].accuracy >= plans[1].accuracy > 0.9
    assert plans[0].features.shape == (len(plans[0].labels), plans[0].features.shape[1])
    assert len(listener.notes) >= 2


def test_no_backbone_takes_all_places():
    ranked = [listed("vgg16", 0.9 - 0.01 * i) for i in range(5)]
    ranked += [listed(LITE.name, 0.5), listed("mobilenet_v2", 0.4), listed("resnet50", 0.3)]
    taken = shortlisting._first(ranked)
    assert len(taken) == MOST
    assert [plan.choice.row.name for plan in taken] == [
        "vgg16", "vgg16", LITE.name, "mobilenet_v2",
    ]  # fmt: skip

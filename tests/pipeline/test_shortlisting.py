import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.errors import WeightsUnavailableError
from regraft.pipeline import shortlisting
from regraft.pipeline.parting import part
from regraft.pipeline.request import Request
from regraft.pipeline.shortlisting import (
    LEAST_EPOCHS,
    MOST,
    MOST_A_BACKBONE,
    Listed,
    candidates,
    named,
    shortlist,
)
from regraft.planning.default import Choice, choose
from regraft.planning.space import macs

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
        images, split, asked=asked(**changes), seconds=seconds,
        training_seconds=training_seconds, observer=listener,
    )  # fmt: skip
    return plans, listener


def test_every_size_of_every_backbone_has_its_turn(images, monkeypatch):
    monkeypatch.setattr(shortlisting, "backbones_at_hand", lambda: (LITE.name, "small"))
    monkeypatch.setattr(shortlisting, "with_taps", lambda names, taps: names)
    monkeypatch.setattr(shortlisting, "get", lambda name: LITE)
    monkeypatch.setattr(
        shortlisting, "choose", lambda images, backbone, **named: choose(images, **named)
    )
    plans = [
        choice
        for choice, _ in candidates(images, asked(backbone="auto"), most_macs=1e12, note=print)
    ]
    assert [plan.size for plan in plans] == [32, 32, 48, 48]


def test_what_is_named_is_kept(images):
    plans = candidates(
        images,
        asked(taps=("block3a_project_bn",), grids=(2,), size=64),
        most_macs=1e12,
        note=print,
    )
    assert [(plan.size, plan.requests) for plan, _ in plans] == [(64, (("block3a_project_bn", 2),))]


def test_sizes_whose_maps_are_smaller_than_the_grid_are_left_out(images):
    named_so = asked(taps=("block3b_add",), grids=(5,))
    plans = candidates(images, named_so, most_macs=1e12, note=print)
    assert [plan.size for plan, _ in plans] == [48]


def test_a_network_whose_weights_cannot_be_read_is_left_out_unless_it_is_named(images, monkeypatch):
    def unreadable(row):
        raise WeightsUnavailableError(row.name)

    notes = []
    monkeypatch.setattr(shortlisting, "at_hand", unreadable)
    monkeypatch.setattr(shortlisting, "find_weights", unreadable)
    assert candidates(images, asked(backbone="auto"), most_macs=1e12, note=notes.append) == []
    assert "efficientnet_lite0 is left out: efficientnet_lite0" in notes
    with pytest.raises(WeightsUnavailableError):
        candidates(images, asked(), most_macs=1e12, note=notes.append)


def test_only_what_can_be_trained_in_time_is_a_candidate(images):
    small, large = (plan for plan, _ in candidates(images, asked(), most_macs=1e12, note=print))
    (only,) = candidates(images, asked(), most_macs=macs(large) - 1, note=print)
    assert only[0].size == small.size
    (dear,) = candidates(images, asked(), most_macs=0, note=print)
    assert dear[0].size == small.size


def test_the_time_bounds_the_cost(monkeypatch):
    monkeypatch.setattr(shortlisting, "product_macs_per_second", lambda: 1e9)
    # three passes' worth a step, twice the speed in bfloat16
    expected = 2e9 * 12 / (3 * LEAST_EPOCHS * 100)
    assert shortlisting._most_macs(12.0, 100) == pytest.approx(expected)


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
    assert len(plans[0].features) == len(plans[0].labels)
    assert len(listener.notes) == 2


def test_no_backbone_takes_all_places():
    ranked = [listed("vgg16", 0.9 - 0.01 * i) for i in range(5)]
    ranked += [listed(LITE.name, 0.5), listed("mobilenet_v2", 0.4), listed("resnet50", 0.3)]
    taken = shortlisting._first(ranked)
    assert len(taken) == MOST
    assert [plan.choice.row.name for plan in taken] == [
        "vgg16", "vgg16", LITE.name, "mobilenet_v2",
    ]  # fmt: skip

"""Which weights a training ends with: chosen on all validation pictures, by accuracy first."""

from types import SimpleNamespace

import numpy as np
import pytest

from regraft.pipeline import settling
from regraft.pipeline.settling import settle
from regraft.records import LinearHead

from ..conftest import Listener

LABELS = np.arange(100) % 2
HEAD = LinearHead(
    kernel=np.zeros((1, 2), np.float32), bias=np.zeros(2, np.float32), l2=1.0, temperature=1.0
)


class Network:
    """Answers as wrongly, and as surely, as its weights say."""

    trunk = None

    def assign(self, weights):
        self.weights = weights

    def head(self):
        return HEAD

    def n_trained(self):
        return 1


def answers(network, _):
    logits = np.eye(2, dtype=np.float32)[LABELS] * network.weights["sure"]
    wrong = network.weights["wrong"]
    logits[:wrong] = logits[:wrong, ::-1]
    return logits


def settled(monkeypatch, *, mode="finetune", ended="finished", right=None, **states):
    monkeypatch.setattr(settling, "evaluate", answers)
    monkeypatch.setattr(settling, "tensors_of", lambda _: {})
    network, pictures = Network(), SimpleNamespace(labels=LABELS)
    frozen = SimpleNamespace(
        split=SimpleNamespace(validation=None), pictures=lambda _: pictures, right=right
    )  # fmt: skip
    weights = {name: {"sure": 1.0, "wrong": wrong} for name, wrong in states.items()}
    progress = SimpleNamespace(step=1, seconds=1.0, history=[])
    outcome = SimpleNamespace(
        best=weights["best"], averaged=weights["averaged"], progress=progress, ended=ended,
        images_per_second=1.0,
    )  # fmt: skip
    plan = SimpleNamespace(steps_an_epoch=1, variety=None, as_json=dict)
    notes = {"averages": False, "variations": [], "trial": []}
    work = SimpleNamespace(request=SimpleNamespace(tta=None, mode=mode))
    result = settle(
        network, weights["head"], outcome, frozen, plan, notes, work,
        SimpleNamespace(facts={}), Listener(),
    )  # fmt: skip
    return result, network.weights["wrong"]


@pytest.mark.parametrize(
    ("states", "mode", "wrong"),
    [
        pytest.param({"head": 9, "best": 5, "averaged": 7}, "finetune", 5, id="least-loss"),
        pytest.param({"head": 9, "best": 5, "averaged": 3}, "finetune", 3, id="last"),
        pytest.param({"head": 4, "best": 5, "averaged": 6}, "head", 4, id="neither"),
    ],
)
def test_the_most_accurate_state_is_kept(monkeypatch, states, mode, wrong):
    result, kept = settled(monkeypatch, **states)
    assert (result.mode, kept) == (mode, wrong)
    assert result.validation["accuracy"] == pytest.approx(1 - wrong / 100)


@pytest.mark.parametrize(
    ("states", "kept"),
    [
        pytest.param({"head": 20, "best": 5, "averaged": 6}, 5, id="beyond-noise"),
        pytest.param({"head": 2, "best": 0, "averaged": 1}, None, id="by-chance"),
    ],
)
def test_after_auto_the_head_stays_unless_it_is_beaten_beyond_noise(monkeypatch, states, kept):
    result, wrong = settled(monkeypatch, mode="auto", **states)
    assert (None if result is None else wrong) == kept


def test_after_auto_all_that_the_frozen_network_can_do_is_to_be_beaten(monkeypatch):
    """A second head may do better than the linear one that training began with."""
    states = {"head": 20, "best": 5, "averaged": 6}
    both = np.arange(100) >= 6
    assert settled(monkeypatch, mode="auto", right=both, **states)[0] is None
    assert settled(monkeypatch, mode="auto", right=~both, **states)[0].mode == "finetune"


def test_a_run_of_auto_that_was_stopped_is_kept_to_go_on(monkeypatch):
    states = {"head": 2, "best": 0, "averaged": 1}
    result, wrong = settled(monkeypatch, mode="auto", ended="stopped", **states)
    assert (result.mode, wrong) == ("head", 2)

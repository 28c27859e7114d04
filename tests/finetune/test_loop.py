import time

import numpy as np
import pytest

from regraft.finetune.checkpoint import Checkpoint
from regraft.finetune.loop import Limits, evaluate, train

from ..conftest import Listener
from .conftest import judge, make_network, make_plan


@pytest.fixture(scope="module")
def network():
    return make_network()


@pytest.fixture(scope="module")
def start(network):
    network.train((0, 1))
    return network.learnt()


def run(network, start, training, validation, *, plan=None, limits=None, folder=None, score=judge):
    """A run from the start, in a network that is compiled once for all tests."""
    plan = plan or make_plan()
    network.assign(start)
    network.reset_optimiser(plan.blocks)
    listener = Listener()
    outcome = train(
        network, plan, training, validation, score,
        checkpoint=None if folder is None else Checkpoint(folder),
        limits=limits or Limits(), listener=listener,
    )  # fmt: skip
    return outcome, network.learnt(), listener


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_it_learns(network, start, training, validation):
    network.assign(start)
    before = judge(evaluate(network, validation), validation.labels)
    outcome, _, listener = run(network, start, training, validation)
    assert outcome.ended == "finished"
    assert outcome.progress.step == 12
    assert outcome.progress.best.loss < before[1]
    assert [each.step for each in outcome.progress.history] == [5, 5, 10, 10, 12, 12]
    assert "pictures a second" in listener.notes[-1]
    assert listener.steps[-1] == ("finetune", 12, 12)


def test_a_loss_that_is_no_number_ends_the_run_at_the_best_weights(
    network, start, training, validation, monkeypatch
):
    losses = iter([1.0] * 7 + [float("nan")] * 99)
    real = type(network).step

    def step(self, *given, **named):
        real(self, *given, **named)
        return next(losses)

    monkeypatch.setattr(type(network), "step", step)
    outcome, weights, listener = run(network, start, training, validation)
    assert outcome.ended == "diverged"
    assert outcome.progress.step == 7
    assert same(outcome.best, weights)
    assert any("no number any more" in note for note in listener.notes)


def test_the_network_is_left_at_the_best(network, start, training, validation):
    outcome, weights, _ = run(network, start, training, validation)
    assert same(outcome.best, weights)
    _, loss = judge(evaluate(network, validation), validation.labels)
    assert loss == pytest.approx(outcome.progress.best.loss)


@pytest.mark.parametrize("stop_after", [1, 5, 7])
def test_stopped_and_resumed_it_is_the_same_to_the_bit(
    network, start, training, validation, tmp_path, stop_after
):
    _, whole, _ = run(network, start, training, validation)
    left = iter(range(stop_after))
    outcome, _, listener = run(
        network, start, training, validation, folder=tmp_path,
        limits=Limits(stop=lambda: next(left, None) == stop_after - 1),
    )  # fmt: skip
    assert outcome.ended == "stopped"
    assert f"Asked to stop, at step {stop_after}:" in listener.notes[-1]
    assert outcome.progress.step == stop_after
    outcome, resumed, listener = run(network, start, training, validation, folder=tmp_path)
    assert listener.notes[0] == f"Resumed after step {stop_after}."
    assert outcome.ended == "finished"
    assert same(whole, resumed)


def test_a_finished_run_is_not_trained_again(network, start, training, validation, tmp_path):
    _, first, _ = run(network, start, training, validation, folder=tmp_path)
    outcome, again, listener = run(network, start, training, validation, folder=tmp_path)
    assert outcome.ended == "finished"
    assert not listener.steps
    assert same(first, again)


def test_it_ends_when_it_no_longer_helps(network, start, training, validation):
    losses = iter([1.0] + [2.0] * 99)
    plan = make_plan(steps=60, evaluate_every=3)
    assert plan.patience == 7
    outcome, _, _ = run(
        network, start, training, validation, plan=plan, score=lambda *_: (0.5, next(losses))
    )
    assert outcome.ended == "no longer better"
    assert outcome.progress.step == 3 + 7 * 3
    assert outcome.progress.best.step == 3


def test_a_deadline_ends_it_with_what_there_is(network, start, training, validation):
    plan = make_plan(steps=100_000, evaluate_every=50_000, by_clock=True)
    began = time.monotonic()
    limits = Limits(deadline=began + 0.5)
    outcome, _, _ = run(network, start, training, validation, plan=plan, limits=limits)
    assert time.monotonic() - began < 3
    assert outcome.ended == "out of time"
    assert outcome.progress.best is not None


def test_time_is_kept_for_what_comes_after(network, start, training, validation):
    plan = make_plan(steps=100_000, evaluate_every=50_000, by_clock=True)
    limits = Limits(deadline=time.monotonic() + 100, n_after=1000, a_picture=0.1)
    outcome, _, _ = run(network, start, training, validation, plan=plan, limits=limits)
    assert outcome.ended == "out of time"
    assert outcome.progress.step == 1


def test_by_the_clock_the_end_moves_to_where_the_pace_leads(network, start, training, validation):
    falling = iter(np.linspace(5, 0, 10_000))
    plan = make_plan(steps=100_000, evaluate_every=3, by_clock=True)
    limits = Limits(deadline=time.monotonic() + 1.0)
    outcome, _, _ = run(
        network, start, training, validation, plan=plan, limits=limits,
        score=lambda *_: (0.5, next(falling)),
    )  # fmt: skip
    assert outcome.progress.step <= plan.steps_at_most < 100_000


def test_what_a_process_did_before_it_resumed_is_time_spent_too(
    network, start, training, validation
):
    limits = Limits(began=time.monotonic() - 1000)
    outcome, _, _ = run(network, start, training, validation, limits=limits)
    assert outcome.progress.seconds > 1000

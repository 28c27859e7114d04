import time

import pytest

from regraft.finetune import decide as room
from regraft.finetune.augment import views_of
from regraft.finetune.decide import Wishes, decide
from regraft.finetune.pace import Pace, steps_in
from regraft.finetune.plan import EPOCHS_AT_MOST, TrainingPlan, batch_size_for, evaluate_every
from regraft.finetune.trial import Arm, best_of, rate_for

from ..conftest import Listener
from .conftest import judge, make_network, make_plan


@pytest.fixture(scope="module")
def network():
    network = make_network()
    network.train((0, 1))
    return network


def wishes(**changes):
    facts = {
        "epochs": 3, "mixup": False, "must_pay": False, "seed": 0, "precision": "float32",
        "averages": None,
    }  # fmt: skip
    return Wishes(**(facts | changes))


def decided(network, training, validation, asked, *, seconds=None, score=judge, more=0):
    listener = Listener()
    decision = decide(
        network, training, validation, score, asked,
        deadline=None if seconds is None else time.monotonic() + seconds, n_after=10,
        n_a_view=more, listener=listener,
    )  # fmt: skip
    return decision, listener


def test_without_a_clock_the_same_is_decided_twice(network, training, validation):
    first, listener = decided(network, training, validation, wishes())
    again, _ = decided(network, training, validation, wishes())
    assert first.plan == again.plan
    assert first.arms == again.arms
    assert first.plan.steps == 3 * (48 // first.plan.batch_size)
    assert not first.plan.by_clock
    assert [arm.name for arm in first.arms][:2] == ["frozen", "all blocks"]
    assert first.plan.blocks in {arm.blocks for arm in first.arms[1:]}
    assert first.plan.rate in {arm.rate for arm in first.arms[1:]}
    assert "Trial of 8 steps" in listener.notes[1]


@pytest.mark.parametrize(
    ("losses", "chosen"),
    [
        pytest.param({"all blocks": 1.0, "last blocks": 0.96}, "all blocks", id="a-little-ahead"),
        pytest.param({"all blocks": 1.0, "last blocks": 0.94}, "last blocks", id="well-ahead"),
        pytest.param({"all blocks": 1.0, "head only": 1.0}, "all blocks", id="equal"),
    ],
)
def test_less_than_everything_must_be_well_ahead(losses, chosen):
    arms = [
        Arm(name=name, blocks=(), rate=1e-3, steps=8, accuracy=0.9, clean_loss=loss, loss=loss)
        for name, loss in losses.items()
    ]
    assert best_of(arms).name == chosen
    assert best_of(arms[1:]).name == arms[1].name


@pytest.mark.parametrize(
    ("steps", "epoch", "last", "chosen"),
    [
        pytest.param(79, 40, 0.93, "last blocks", id="short"),
        pytest.param(80, 40, 0.93, "all blocks", id="long"),
        pytest.param(80, 40, 0.75, "last blocks", id="long-and-well-ahead"),
        pytest.param(400, 40, 0.45, "all blocks", id="very-long"),
        pytest.param(400, 40, 0.35, "last blocks", id="very-long-and-far-ahead"),
        pytest.param(400, 39, 0.45, "last blocks", id="long-on-pictures-seen-before"),
        pytest.param(400, 7, 0.93, "last blocks", id="on-few-pictures"),
    ],
)
def test_a_long_run_trains_everything_unless_less_is_well_ahead(steps, epoch, last, chosen):
    arms = tuple(
        Arm(name=name, blocks=(), rate=1e-3, steps=8, accuracy=0.9, clean_loss=loss, loss=loss)
        for name, loss in (("all blocks", 1.0), ("last blocks", last))
    )
    assert best_of(arms, steps=steps, steps_an_epoch=epoch).name == chosen


@pytest.mark.parametrize(
    ("steps", "losses", "rate"),
    [
        pytest.param(80, {3e-4: 1.0, 1e-3: 1.4, 1e-4: 1.1}, 1e-3, id="long"),
        pytest.param(79, {3e-4: 1.0, 1e-3: 1.4, 1e-4: 1.1}, 3e-4, id="short"),
        pytest.param(399, {3e-4: 1.4, 1e-3: 2.0, 1e-4: 1.0}, 3e-4, id="the-largest-destroys"),
        pytest.param(399, {3e-4: 2.0, 1e-3: 3.0, 1e-4: 1.0}, 1e-4, id="both-do"),
        pytest.param(400, {3e-4: 1.4, 1e-3: 2.4, 1e-4: 1.0}, 1e-3, id="very-long"),
        pytest.param(400, {3e-4: 2.4, 1e-3: 2.6, 1e-4: 1.0}, 3e-4, id="too-much-even-so"),
        pytest.param(800, {3e-4: 1.2, 1e-3: 1.0, 1e-4: 1.4}, 1e-3, id="best-anyway"),
    ],
)
def test_a_long_run_takes_the_largest_rate_that_a_short_one_bears(steps, losses, rate):
    arms = tuple(
        Arm(name="all blocks", blocks=(0,), rate=each, steps=8, accuracy=0.9, clean_loss=loss,
            loss=loss)
        for each, loss in losses.items()
    )  # fmt: skip
    assert rate_for(best_of(arms), arms, steps=steps) == rate


def test_deciding_leaves_the_network_as_it_was(network, training, validation):
    before = network.learnt()
    decided(network, training, validation, wishes())
    after = network.learnt()
    assert all((before[name] == after[name]).all() for name in before)


def test_by_the_clock_the_length_is_what_the_time_holds(network, training, validation):
    decision, _ = decided(network, training, validation, wishes(epochs=None), seconds=60)
    assert decision.plan.by_clock
    assert 1 < decision.plan.steps <= decision.plan.steps_at_most
    assert decision.a_picture > 0


@pytest.mark.parametrize(("more", "is_tried"), [(0, False), (20, True), (10**9, False)])
def test_averaging_is_tried_where_it_takes_a_small_part(
    network, training, validation, more, is_tried
):
    decision, _ = decided(network, training, validation, wishes(epochs=None), seconds=60, more=more)
    assert decision.averages is is_tried
    n_views = len(views_of(decision.plan.variety))
    assert decision.n_after == 10 + more * (n_views - 1) * is_tried


def test_with_no_time_there_is_no_trial_but_a_careful_rate(network, training, validation):
    decision, _ = decided(network, training, validation, wishes(epochs=None), seconds=4.5)
    assert decision.arms == ()
    assert decision.plan.rate == room.RATE_UNTRIED


def test_what_must_pay_and_does_not_is_left(network, training, validation):
    decision, listener = decided(
        network, training, validation, wishes(must_pay=True), score=lambda *_: (0.9, 1.0)
    )
    assert decision is None
    assert "does not pay" in listener.notes[-1]


def test_what_must_pay_and_has_no_time_is_left(network, training, validation):
    decision, _ = decided(
        network, training, validation, wishes(epochs=None, must_pay=True), seconds=4.5
    )
    assert decision is None


@pytest.mark.parametrize("seconds", [1.0, 20.0, 500.0])
def test_steps_and_evaluations_fit_the_time(seconds):
    plan, pace = make_plan(), Pace(a_step=0.1, a_picture=0.01)
    steps = steps_in(seconds, pace, plan, an_evaluation=0.2)
    n_evaluations = -(-steps // evaluate_every(steps, plan.steps_an_epoch))
    assert steps == 1 or steps * 0.1 + n_evaluations * 0.2 <= seconds + 0.4
    assert steps <= EPOCHS_AT_MOST * plan.steps_an_epoch


@pytest.mark.parametrize(
    ("n_train", "size", "expected"),
    [(5, 32, 5), (48, 32, 8), (400, 32, 20), (5_000, 32, 64), (60_000, 64, 64), (5_000, 224, 20)],
)
def test_batches_suit_the_pictures(n_train, size, expected):
    assert batch_size_for(n_train, size) == expected


def test_a_plan_comes_back_from_json():
    import json

    plan = make_plan()
    assert TrainingPlan.from_json(json.loads(json.dumps(plan.as_json()))) == plan

from dataclasses import replace

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.planning.default import Choice
from regraft.planning.outcome import Scored, SearchResult, Seen, choose_best, front, paired_noise

LITE = get("efficientnet_lite0")


def scored(n_correct, speed, *, n=1000, first=0, rung=2, taps=("top_relu",), grids=(1,), size=64):
    correct = np.zeros(n, np.bool_)
    correct[first : first + n_correct] = True
    return Scored(
        choice=Choice(row=LITE, size=size, taps=taps, grids=grids),
        correct=correct,
        images_per_second=speed,
        seconds_spent=1.0,
        rung=rung,
        l2_per_feature=0.1,
    )


def accuracy(plan):
    return plan.accuracy


def test_the_front_has_what_nothing_beats():
    plans = [scored(900, 10), scored(880, 50), scored(870, 40), scored(860, 100), scored(900, 9)]
    assert front(plans, range(5)) == (3, 1, 0)


def test_within_the_noise_the_faster_wins():
    plans = [scored(951, 10), scored(949, 90, first=5), scored(900, 500)]
    assert choose_best(plans, range(3), worth=accuracy) == 1


def test_beyond_the_noise_the_better_wins():
    assert choose_best([scored(960, 10), scored(900, 500)], range(2), worth=accuracy) == 0


def test_noise_shrinks_with_the_errors():
    """A plan far behind is not tied because all errors are expected to become small."""
    plans = [scored(980, 10), scored(850, 500)]
    assert choose_best(plans, range(2), worth=lambda plan: 1 - plan.error / 10) == 0


def test_time_may_pass_while_plans_are_compared():
    """The worth of a plan falls with the time left; the best is not worse than itself."""
    seconds_left = iter(range(100, 0, -1))
    plans = [scored(960, 10), scored(900, 500)]
    worth = lambda plan: plan.accuracy + 1e-3 * next(seconds_left)  # noqa: E731
    assert choose_best(plans, range(2), worth=worth) == 0


def test_the_best_of_each_size_is_compared_with_the_plan_chosen():
    plans = [scored(960, 10), scored(950, 90), scored(940, 10, size=32), scored(900, 9, size=32)]
    result = SearchResult(
        candidates=tuple(plans),
        chosen=1,
        skipped=(),
        floors={},
        n_probe=1000,
        seen=Seen(power=0.2, width=1.0, seconds_per_value=1e-7),
        seconds=1.0,
    )
    compared = result.compared()
    assert compared["n_plans"] == 4
    assert [plan["val_accuracy"] for plan in compared["plans"]] == [0.95, 0.94]
    assert len(result.compared(most=1)["plans"]) == 1


def test_noise_is_that_of_the_difference():
    assert paired_noise(scored(950, 1), scored(950, 1)) == 0
    assert paired_noise(scored(950, 1), scored(940, 1)) == pytest.approx(0.00315, abs=1e-5)


def test_doubts_tell_plans_apart_that_make_as_many_mistakes():
    plans = [scored(950, 10), scored(950, 500)]
    assert choose_best(plans, range(2), worth=lambda plan: 1 - plan.error) == 1
    doubts = np.linspace(0.0, 0.1, 1000, dtype=np.float32)
    sure, unsure = replace(plans[0], doubt=doubts), replace(plans[1], doubt=doubts * 1.2)
    assert sure.error == pytest.approx(0.05)
    assert paired_noise(sure, unsure) == pytest.approx(0.02 / np.sqrt(12 * 1000), rel=0.01)
    assert choose_best([sure, unsure], range(2), worth=lambda plan: 1 - plan.error) == 0


def test_an_error_is_never_zero():
    assert scored(1000, 1).error == 0.0005


@pytest.mark.parametrize(
    ("taps", "grids", "tap", "grid"),
    [
        pytest.param(("top_relu",), (2,), "top_relu", 2, id="one-tap"),
        pytest.param(("block4c_add", "top_relu"), (4, 2), "block4c_add+top_relu", "4+2", id="two"),
    ],
)
def test_one_tap_is_scalar_and_two_are_joined(taps, grids, tap, grid):
    view = scored(900, 10, taps=taps, grids=grids).as_json()
    assert (view["tap"], view["grid"]) == (tap, grid)


def result(floor):
    return SearchResult(
        candidates=(scored(900, 10), scored(890, 80), scored(700, 90, rung=0)),
        chosen=0,
        skipped=(),
        floors={"majority_class": 0.1, "nearest_neighbour": floor},
        n_probe=1000,
        seen=Seen(power=0.2, width=640.0, seconds_per_value=1e-7),
        seconds=1.0,
    )


def test_the_front_is_of_the_last_rung():
    assert result(0.5).front == (1, 0)


def test_a_floor_that_is_as_good_wins():
    assert result(0.5).winning_floor is None
    assert result(0.9).winning_floor == "nearest_neighbour"

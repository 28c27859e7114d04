from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.deadline import Deadline
from regraft.features.runtimes.choose import RUNTIMES
from regraft.heads.choose_l2 import L2_PER_FEATURE
from regraft.planning.default import Choice
from regraft.planning.halving import Halving, n_screened
from regraft.planning.outcome import Scored
from regraft.planning.passes import Pace, Readings
from regraft.planning.space import n_features

LITE, VGG = "efficientnet_lite0", "vgg16"


def readings(name, size):
    return Readings(row=get(name), weights=None, size=size)


def halving(**changes):
    facts = {
        "probe": None, "n_classes": 2, "deadline": Deadline(10.0, now=lambda: 0.0),
        "runtime": RUNTIMES["tensorflow"], "worth": lambda scored, _: scored.accuracy,
        "note": print, "seed": 0, "read_seconds": 0.0, "peak": 1e10,
    }  # fmt: skip
    return Halving(**(facts | changes))


def passes(*places):
    return [(readings(name, size), ((get(name).default_tap, 1),)) for name, size in places]


def scored(name, right):
    choice = Choice(row=get(name), size=64, taps=(get(name).default_tap,), grids=(1,))
    correct = np.arange(10) < right
    return Scored(
        choice=choice, correct=correct, images_per_second=100.0, seconds_spent=1.0, rung=1,
        l2_per_feature=None,
    )  # fmt: skip


def test_no_backbone_waits_for_all_sizes_of_another():
    places = [(LITE, 32), (LITE, 64), (LITE, 128), (VGG, 64), (VGG, 32)]
    order = [item[0].place for item in halving()._in_turn(passes(*places))]
    assert order == [(LITE, 32), (VGG, 32), (LITE, 64), (VGG, 64), (LITE, 128)]


def test_the_size_that_uses_up_the_time_comes_first():
    places = [(LITE, 32), (LITE, 64), (LITE, 128)]
    (_, requests) = passes((LITE, 64))[0]
    cost = readings(LITE, 64).macs(requests)
    ideal = halving(ideal_seconds=cost / (0.5 * 1e10))
    assert ideal._in_turn(passes(*places))[0][0].place == (LITE, 64)


def test_a_backbone_is_forecast_by_its_own_pace_or_by_the_peak():
    one = halving(macs_per_second={LITE: 1e8})
    (lite, requests), (vgg, others) = passes((LITE, 64), (VGG, 64))
    engine = RUNTIMES["tensorflow"]
    assert one._forecast(lite, 10, requests, engine) == 10 * lite.macs(requests) / 1e8
    assert one._forecast(vgg, 10, others, engine) == 10 * vgg.macs(others) / 5e9  # of 1e10


def test_a_dear_network_does_not_come_before_cheap_ones_of_its_turn():
    places = [(VGG, 32), (VGG, 64), (LITE, 32), (LITE, 64)]
    cost = readings(VGG, 64).macs(passes((VGG, 64))[0][1])
    ideal = halving(ideal_seconds=cost / (0.5 * 1e10))
    order = [item[0].place for item in ideal._in_turn(passes(*places))]
    assert order == [(LITE, 64), (VGG, 64), (LITE, 32), (VGG, 32)]


def test_a_network_that_is_there_is_not_loaded_again():
    one = halving()
    ((lite, requests),) = passes((LITE, 64))
    lite.pace = Pace(load_seconds=5.0, images_per_second=100.0, macs=lite.macs(requests))
    assert one._forecast(lite, 200, requests, RUNTIMES["tensorflow"]) == pytest.approx(7.0)


def test_judging_takes_what_every_likely_plan_leaves_over():
    spare = {LITE: 40.0, VGG: 17.0}
    one = halving(left_over=lambda plan, _: spare[plan.choice.row.name])
    one._take_what_is_left_over(
        [(readings(LITE, 64), [scored(LITE, 6)]), (readings(VGG, 64), [scored(VGG, 8)])]
    )
    assert one.deadline.left() == 17.0


def test_a_dear_plan_does_not_keep_all_that_the_best_one_leaves_over():
    spare = {LITE: 40.0, VGG: 1.0}
    one = halving(left_over=lambda plan, _: spare[plan.choice.row.name])
    one._take_what_is_left_over(
        [(readings(LITE, 64), [scored(LITE, 8)]), (readings(VGG, 64), [scored(VGG, 6)])]
    )
    assert one.deadline.left() == 20.0


def test_a_pass_read_in_tensorflow_is_faster_in_the_runtime_that_will_be_used():
    one = halving(runtime=RUNTIMES["openvino"], times_tensorflow=2.5)
    ((lite, requests),) = passes((LITE, 64))
    lite.pace = Pace(load_seconds=0.0, images_per_second=100.0, macs=lite.macs(requests))
    assert one._pass_per_second(lite, one.runtime) == pytest.approx(250.0)
    lite._read_in = RUNTIMES["openvino"]
    assert one._pass_per_second(lite, one.runtime) == pytest.approx(100.0)


@pytest.mark.parametrize("spare", [-3.0, 8.0, None])
def test_no_time_is_taken_where_none_is_left(spare):
    one = halving(left_over=None if spare is None else lambda *_: spare)
    one._take_what_is_left_over([(readings(LITE, 64), [scored(LITE, 6)])])
    assert one.deadline.left() == 10.0


@pytest.mark.parametrize(
    ("n_classes", "n"),
    [
        pytest.param(2, (256, 1024), id="two"),
        pytest.param(64, (256, 1024), id="just-enough-for-each"),
        pytest.param(200, (800, 1600), id="hundreds"),
        pytest.param(1000, (1024, 4096), id="a-thousand"),
    ],
)
def test_many_classes_are_screened_on_more_pictures(n_classes, n):
    assert n_screened(n_classes) == n


def judged_plan(name, n_wrong, doubt):
    plan = replace(scored(name, 10), correct=np.arange(100) >= n_wrong)
    return replace(plan, doubt=np.full(100, doubt, np.float32))


def test_doubts_are_brought_to_the_scale_of_the_mistakes():
    one = halving()
    plans = [judged_plan(LITE, 10, 0.3), judged_plan(VGG, 20, 0.2)]
    for plan in plans:
        one._remember(plan)
    one._weigh_doubts([plan.key for plan in plans])
    errors = [one.scored[plan.key].error for plan in plans]
    assert errors == pytest.approx([0.18, 0.12])  # 15% of mistakes in all, parted 3 : 2


def test_with_few_mistakes_doubts_say_nothing():
    one, plan = halving(), judged_plan(LITE, 9, 0.3)
    one._remember(plan)
    one._weigh_doubts([plan.key])
    assert one.scored[plan.key].doubt is None
    assert one.scored[plan.key].error == 0.09


def test_penalties_are_sought_near_those_of_other_plans():
    one, plan = halving(), scored(VGG, 6)
    assert one._penalties(plan) == L2_PER_FEATURE  # the first plan is asked about all
    one._remember(replace(scored(LITE, 6), l2_per_feature=0.05))
    assert one._penalties(plan) == (1.0, 0.2, 0.05, 0.01, 0.002)
    assert one._penalties(replace(plan, l2_per_feature=5.0)) == (20.0, 5.0, 1.0)


def test_what_is_loaded_is_not_counted_once_more():
    """6.5 s, less 0.1 s for the heads of what is known, at 10 ms to read a picture and 1 to fit."""
    one, ((lite, requests),) = halving(probe=range(10_000)), passes((LITE, 64))
    lite.pace = Pace(load_seconds=2.0, images_per_second=100.0, macs=lite.macs(requests))
    lite.features = {requests[0]: np.zeros((100, 1), np.float32)}
    one._judging.append((1.0, int(1.0 / 0.001 * n_features(scored(LITE, 6).choice))))
    alive = [(lite, [scored(LITE, 6)])]
    cold = one._affordable_to(alive, 2, one.runtime, one.deadline)
    lite.built = SimpleNamespace(runtime=one.runtime)
    warm = one._affordable_to(alive, 2, one.runtime, one.deadline)
    assert cold == pytest.approx(100 + 4.4 / 0.011, abs=1)
    assert warm == pytest.approx(100 + 6.4 / 0.011, abs=1)


def read_at(name, images_per_second, *, n=100):
    ((found, requests),) = passes((name, 64))
    found.pace = Pace(
        load_seconds=0.0, images_per_second=images_per_second, macs=found.macs(requests)
    )
    found.features = {requests[0]: np.zeros((n, 1), np.float32)}
    return found


def test_a_dear_pass_leaves_pictures_for_the_others():
    """4 s of 10 at 1,000 pictures a second are thousands; with one at 10 a second, dozens."""
    one = halving(probe=range(10_000))
    lite, vgg = read_at(LITE, 1000.0), read_at(VGG, 10.0)
    best_first = [(lite, [scored(LITE, 8)]), (vgg, [scored(VGG, 6)])]
    kept, n = one._affordable(best_first, 2, one.runtime, one.deadline)
    assert [found.place for found, _ in kept] == [lite.place]
    assert n > 1000


def test_a_dear_pass_with_the_best_plan_stays():
    one = halving(probe=range(10_000))
    lite, vgg = read_at(LITE, 1000.0), read_at(VGG, 10.0)
    best_first = [(vgg, [scored(VGG, 8)]), (lite, [scored(LITE, 6)])]
    kept, n = one._affordable(best_first, 2, one.runtime, one.deadline)
    assert len(kept) == 2
    assert n < 200


def test_a_pass_that_costs_little_more_stays():
    one = halving(probe=range(10_000))
    lite, vgg = read_at(LITE, 1000.0), read_at(VGG, 800.0)
    best_first = [(lite, [scored(LITE, 8)]), (vgg, [scored(VGG, 6)])]
    assert len(one._affordable(best_first, 2, one.runtime, one.deadline)[0]) == 2


def test_where_no_more_can_be_read_plans_go_on_as_they_are():
    one = halving(probe=range(10_000))
    vgg, plan = read_at(VGG, 1.0, n=256), replace(scored(VGG, 9), rung=0)
    one._remember(plan)
    assert one._screen_again([(vgg, [plan])]) == [(vgg, [plan])]
    assert not one.scored[plan.key].dropped


@pytest.mark.parametrize(("n", "room"), [(500, 3), (4096, 1)])
def test_few_pictures_are_soon_judged_so_more_plans_are(n, room):
    one = halving(probe=range(n), deadline=Deadline(60.0, now=lambda: 0.0), width=1000.0)
    one._judging.append((0.3, 1_000_000))
    assert one._room(1) == room

import time
from dataclasses import replace

import numpy as np
import pytest

from regraft.diagnose.counterfactual import (
    LEAST_GAIN,
    MOST_PRICED,
    honest_number,
    price,
)
from regraft.diagnose.laboratory import Laboratory
from regraft.diagnose.paired import _row_error
from regraft.diagnose.replays import Replay
from regraft.diagnose.rule import Repair, found, rule
from regraft.diagnose.runner import Result

ROWS = 1000
SITE = {"file": "train.py", "line": 9, "code": "model.fit(x, y)"}
LABELS = np.arange(ROWS) % 10


def prepared(accuracy, *, status="done", rows=ROWS, fits=()):
    """A replay that scored `rows` pictures; those right come first."""
    right = np.arange(rows) < round(accuracy * rows)
    score = {"by": "fit", "site": SITE, "n": rows, "number": 0, "honest": accuracy,
             "claimed": accuracy, "input_size": 28}  # fmt: skip
    labels = LABELS[:rows]
    return Replay(
        status=status,
        seconds=1.0,
        peak_bytes=0,
        record={"scores": [score], "fits": list(fits)},
        arrays={"score0_labels": labels, "score0_classes": np.where(right, labels, labels + 1)},
        output="",
    )


class FakeReplayer:
    """Answers at once with what these repairs are said to reach."""

    def __init__(self, reached, noise=0.0):
        self.reached, self.noise = reached, noise
        self.asked = []

    def run(self, repairs=(), *, seed=0, **how):
        kinds = frozenset(repair.kind for repair in repairs)
        self.asked.append((kinds, seed, how))
        accuracy = self.reached(kinds)
        if accuracy is None:
            return prepared(0.5, status="out of time")
        luck = self.noise(kinds) if callable(self.noise) else self.noise
        return prepared(accuracy + (luck if seed else 0))


def cause(name, **more):
    @rule(name, name.lower(), source="test")
    def check(ledger):
        raise NotImplementedError

    repairs = (Repair(kind=name),)
    return Result(rule=check, finding=found("broken", fix="mend it", repairs=repairs, **more))


A, B, C, D = (cause(f"{letter * 3}001") for letter in "ABCD")


def laboratory(reached, *, noise=0.0, seconds=600.0, baseline=None):
    baseline = prepared(reached(frozenset())) if baseline is None else baseline
    return Laboratory(
        replayer=FakeReplayer(reached, noise),
        baseline=baseline,
        score=baseline.scores[0],
        fit_seconds=5.0,
        deadline=time.monotonic() + seconds,
        sizes={},
        progress=lambda _: None,
    )


def arms(lab):
    """The repairs of every arm that was run, in order."""
    return [tuple(sorted(kinds)) for kinds, seed, _ in lab.replayer.asked if seed == 0]


def table(**reached):
    """What sets of repairs reach, by first letters; others reach what their best part does."""

    def look_up(kinds):
        letters = {kind[0] for kind in kinds}
        return max(value for name, value in reached.items() if set(name.strip("_")) <= letters)

    return look_up


def test_the_arm_with_everything_runs_first():
    lab = laboratory(table(_=0.3, A=0.6, B=0.4, AB=0.9))
    price(lab, [A, B])
    assert arms(lab)[0] == ("AAA001", "BBB001")


def test_of_the_rest_those_that_freeze_the_backbone_run_before_slow_ones():
    freeze = replace(B, finding=replace(B.finding, repairs=(Repair(kind="freeze-backbone"),)))
    lab = laboratory(lambda kinds: 0.8 if "freeze-backbone" in kinds else 0.3)
    price(lab, [A, freeze])
    is_frozen = ["freeze-backbone" in kinds for kinds, seed, _ in lab.replayer.asked if not seed]
    assert is_frozen == sorted(is_frozen, reverse=True)
    assert not all(is_frozen)


def test_one_cause_is_priced_by_itself():
    lab = laboratory(table(_=0.3, A=0.8))
    (priced,), reached = price(lab, [A])
    assert reached == pytest.approx(0.8)
    assert priced.gain.only_this == pytest.approx(0.5)
    assert priced.gain.all_but_this == pytest.approx(0.5)
    low, high = priced.gain.interval
    assert 0.4 < low < 0.5 < high < 0.6
    assert priced.lower == low
    assert arms(lab) == [("AAA001",)]


def test_what_gains_nothing_is_no_finding_and_costs_few_arms():
    lab = laboratory(table(_=0.9))
    priced, reached = price(lab, [A, B, C])
    assert reached == pytest.approx(0.9)
    assert all(p.lower <= LEAST_GAIN for p in priced)
    # everything, all but each, and each alone: any of them may hide the real one
    assert arms(lab) == [
        ("AAA001", "BBB001", "CCC001"),
        ("BBB001", "CCC001"), ("AAA001", "CCC001"), ("AAA001", "BBB001"),
        ("AAA001",), ("BBB001",), ("CCC001",),
    ]  # fmt: skip


def test_a_wrong_repair_does_not_hide_two_faults_of_which_either_alone_gains_nothing():
    def reached(kinds):
        letters = {kind[0] for kind in kinds}
        return 0.8 if letters == {"A", "B"} else 0.35 if letters < {"A", "C", "B"} else 0.3

    priced, best = price(laboratory(reached), [A, B, C])
    assert [p.result for p in priced if p.pays] == [A, B]
    assert best == pytest.approx(0.8)


def test_a_repair_that_fails_does_not_hide_another():
    lab = laboratory(lambda kinds: 0.9 if {kind[0] for kind in kinds} == {"B"} else 0.5)
    priced, reached = price(lab, [A, B, C])
    assert [p.result.rule.id for p in priced if p.pays] == ["BBB001"]
    assert reached == pytest.approx(0.9)


def test_two_faults_of_which_either_alone_gains_nothing_are_both_found():
    lab = laboratory(table(_=0.1, AB=0.9))
    priced, reached = price(lab, [A, B])
    assert reached == pytest.approx(0.9)
    assert [p.result for p in priced] == [A, B]
    for one in priced:
        assert one.lower > LEAST_GAIN
        assert one.gain.only_this == pytest.approx(0)
        assert one.gain.all_but_this == pytest.approx(0.8)


def test_a_harmless_suspect_among_them_is_not_blamed():
    lab = laboratory(table(_=0.3, A=0.9))
    priced, _ = price(lab, [A, B])
    blamed = [p.result for p in priced if p.lower > LEAST_GAIN]
    assert blamed == [A]


def test_one_wrong_repair_does_not_hide_the_likeliest_cause():
    def reached(kinds):
        return 0.1 if "BBB001" in kinds else 0.8 if "AAA001" in kinds else 0.3

    priced, best = price(laboratory(reached), [A, B])
    assert [p.result for p in priced] == [A]
    assert best == pytest.approx(0.8)
    assert priced[0].lower > LEAST_GAIN


def test_a_repair_that_undoes_two_others_is_left_out_of_what_they_are_worth():
    def reached(kinds):  # all three gain a little by chance
        letters = {kind[0] for kind in kinds}
        return {"AB": 0.8, "ABC": 0.34}.get(
            "".join(sorted(letters)), 0.32 if "A" in letters else 0.3
        )

    priced, best = price(laboratory(reached), [A, B, C])
    assert [p.result for p in priced if p.pays] == [A, B]
    assert best == pytest.approx(0.8)


class OfMoreRows(FakeReplayer):
    """Reaches 0.9 only if it has time for the many rows of a frozen backbone."""

    def run(self, repairs=(), *, seed=0, **how):
        kinds = frozenset(repair.kind for repair in repairs)
        has_time = "freeze-backbone" in kinds and how["fit_seconds"] > 5
        accuracy = (0.9 if has_time else 0.2) if "AAA001" in kinds else 0.1
        return prepared(accuracy)


def test_what_lets_the_script_see_more_rows_stays_in_the_repaired_script():
    lab = laboratory(table(_=0.1))
    lab.replayer = OfMoreRows(None)
    freeze = replace(B, finding=replace(B.finding, repairs=(Repair(kind="freeze-backbone"),)))
    priced, best = price(lab, [A, freeze])
    assert [p.pays for p in priced] == [True, False]
    assert [p.stays_repaired for p in priced] == [True, True]
    assert best == pytest.approx(0.9)


def test_no_more_than_three_are_priced():
    lab = laboratory(table(_=0.1, A=0.5, B=0.3, C=0.2, ABC=0.9))
    priced, _ = price(lab, [A, B, C, D])
    assert len(priced) == MOST_PRICED
    assert not any("DDD001" in kinds for kinds in arms(lab))
    assert len(arms(lab)) == len(set(arms(lab))) == 7


def test_an_arm_is_run_once_only():
    lab = laboratory(table(_=0.3, A=0.6))
    first = lab.run([A])
    assert lab.run([A]) is first
    assert lab.run([])[1] is lab.baseline
    assert arms(lab) == [("AAA001",)]


def test_chance_between_seeds_widens_the_interval():
    def width(noise):
        (priced,), _ = price(laboratory(table(_=0.3, A=0.8), noise=noise), [A])
        low, high = priced.gain.interval
        return high - low

    assert width(0.05) > width(0.0) + 0.1


def test_a_fault_that_makes_the_outcome_a_matter_of_luck_is_found():
    def luck(kinds):
        return 0.01 if kinds else 0.2  # 0.44 or 0.64 as it is, 0.84 or 0.85 repaired

    lab = laboratory(table(_=0.44, A=0.84), noise=luck)
    (priced,), _ = price(lab, [A])
    low, high = priced.gain.interval
    assert 0.05 < low < 0.305 < high
    assert priced.gain.only_this == priced.gain.all_but_this == pytest.approx(0.305)
    assert [(arm.repairs, arm.seed) for arm in priced.gain.arms] == [
        ((), 0), (("AAA001",), 0), ((), 1), (("AAA001",), 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lucky", "again", "pays"),
    [
        pytest.param(0.80, 0.01, True, id="one-run-in-two-learns-all"),
        pytest.param(0.80, -0.20, False, id="repaired-runs-vary-too"),
        pytest.param(0.14, 0.01, False, id="small"),
    ],
)
def test_a_fault_that_costs_all_or_nothing_is_found(lucky, again, pays):
    repaired = 0.94 if lucky > 0.5 else 0.2
    lab = laboratory(table(_=0.14, A=repaired), noise=lambda kinds: again if kinds else lucky)
    (priced,), _ = price(lab, [A])
    assert priced.pays is pays


def test_what_is_decided_is_not_repeated():
    lab = laboratory(table(_=0.3, A=0.8), noise=0.01)
    price(lab, [A])
    assert [kinds for kinds, seed, _ in lab.replayer.asked if seed == 1] == [frozenset()]


def test_a_gain_within_the_noise_is_no_finding():
    def luck(kinds):
        return -0.03 if kinds else 0.06

    (priced,), _ = price(laboratory(table(_=0.80, A=0.84), noise=luck), [A])
    assert priced.gain.only_this == pytest.approx((0.04 - 0.05) / 2)  # of both seeds, as decided
    assert priced.lower < LEAST_GAIN


def test_other_rows_are_compared_without_pairs():
    lab = laboratory(table(_=0.3, A=0.8), baseline=prepared(0.3, rows=400))
    (priced,), _ = price(lab, [A])
    low, high = priced.gain.interval
    assert low < 0.5 < high
    assert low > 0.4


def test_of_two_readings_of_one_fault_the_better_is_kept():
    reached_by = {"": 0.1, "A": 0.9, "B": 0.7, "AB": 0.2}
    lab = laboratory(lambda kinds: reached_by["".join(sorted(kind[0] for kind in kinds))])
    priced, reached = price(lab, [A, B])
    assert [p.pays for p in priced] == [True, False]
    assert reached == pytest.approx(0.9)


def test_two_runs_that_agree_by_chance_do_not_decide():
    lab = laboratory(table(_=0.6, A=0.635), noise=lambda kinds: -0.04 if kinds else 0.0)
    (one,), _ = price(lab, [A])
    assert not one.pays  # no gain from the second seed
    assert len([seed for _, seed, _ in lab.replayer.asked if seed]) == 2


@pytest.mark.parametrize(("kind", "is_compared"), [("drop-call", False), ("resplit", True)])
def test_a_shuffle_left_out_may_not_leave_one_class_to_validate(kind, is_compared):
    lab = laboratory(table(_=0.3))
    lab.replayer.run = lambda *_, **__: replace(
        prepared(0.9), arrays={"score0_labels": LABELS * 0, "score0_classes": LABELS * 0}
    )
    finding = found("moved", fix="shuffle both", repairs=(Repair(kind=kind),))
    arm = lab.run([Result(rule=A.rule, finding=finding)])
    assert (arm is not None) is is_compared


def test_without_time_nothing_is_run():
    lab = laboratory(table(_=0.3, A=0.8), seconds=1)
    assert price(lab, [A, B]) == ([], None)
    assert lab.replayer.asked == []


def test_an_arm_that_came_to_nothing_prices_nothing():
    lab = laboratory(lambda kinds: None if kinds else 0.3)
    assert price(lab, [A, B]) == ([], None)


def test_without_suspects_nothing_is_run():
    lab = laboratory(table(_=0.3))
    assert price(lab, []) == ([], None)
    assert lab.replayer.asked == []


def test_the_honest_number_of_an_artefact():
    lab = laboratory(lambda kinds: 0.7 if kinds else 0.99)
    assert honest_number(lab, A) == pytest.approx(0.7)
    assert honest_number(laboratory(table(_=0.9), seconds=1), A) is None


@pytest.mark.parametrize(
    ("after", "honest"), [(0.7, 0.4), (0.97, None)], ids=["lost", "much-the-same"]
)
def test_where_some_rows_alone_tell_it_they_must_lose(after, honest):
    lab = laboratory(lambda kinds: after if kinds else 0.99, baseline=prepared(0.99))
    finding = replace(A.finding, asked=tuple(range(500, ROWS)))
    # those right come first: of the last 500, 200 at 0.7
    number = honest_number(lab, Result(rule=A.rule, finding=finding))
    assert number == (None if honest is None else pytest.approx(honest))


def test_repairs_of_the_output_are_placed_where_it_was_built():
    fit = {"number": 0, "output_site": {"file": "train.py", "line": 5, "code": ""}, "units": 9,
           "activation_site": {"file": "train.py", "line": 6, "code": ""},
           "compile_site": {"file": "train.py", "line": 8, "code": ""}}  # fmt: skip
    lab = laboratory(table(_=0.3), baseline=prepared(0.3, fits=[{"unreadable": True}, fit]))
    repairs = (Repair(kind="set-output", parameters={"units": 10}),
               Repair(kind="set-learning-rate", parameters={"value": 0.1}))  # fmt: skip
    finding = found("broken", fix="mend it", repairs=repairs)
    output, rate = lab.placed(Result(rule=A.rule, finding=finding))
    assert output.parameters == {
        "file": "train.py", "line": 5, "activation_line": 6, "units_before": 9, "units": 10
    }  # fmt: skip
    assert rate.parameters == {"line": 8, "value": 0.1}


@pytest.mark.parametrize(("first", "more"), [(1e-3, {"before": 0.01}), (0.01, {})])
def test_a_rate_is_repaired_where_it_is_the_last_trainings_own(first, more):
    fits = [{"number": n, "compile_site": {"file": "train.py", "line": 8}, "compiled_rate": rate}
            for n, rate in enumerate((first, 0.01))]  # fmt: skip
    lab = laboratory(table(_=0.3), baseline=prepared(0.3, fits=fits))
    repairs = (Repair(kind="set-learning-rate", parameters={"value": 1e-5}),)
    [rate] = lab.placed(Result(rule=A.rule, finding=found("x", fix="y", repairs=repairs)))
    assert rate.parameters == {"line": 8, "value": 1e-5, **more}


def test_arms_use_the_rows_and_sizes_of_the_unrepaired_run():
    fits = [
        {"number": 0, "sampled": True, "rows": {"train": 300, "validation": 100}, "input_size": 64},
        {"number": 1, "sampled": False, "rows": {"train": 50, "validation": 9}, "input_size": 64},
    ]
    lab = laboratory(table(_=0.3, A=0.6), baseline=prepared(0.3, fits=fits))
    lab.sizes = {224: 64}
    lab.run([A])
    ((_, _, how),) = lab.replayer.asked
    assert how["rows"] == {"0": {"train": 300, "validation": 100}}
    assert how["sizes"] == {224: 64}
    enlarge = Repair(kind="enlarge-input", parameters={"size": 96})
    bigger = found("small", fix="enlarge", repairs=(enlarge,))
    lab.run([Result(rule=B.rule, finding=bigger)])
    assert lab.replayer.asked[-1][2]["sizes"] == {224: 64, 64: 96}


@pytest.mark.parametrize(("left", "seconds"), [(600, 10.0), (20, 8.5), (5, 2.5)])
def test_an_arm_leaves_time_for_the_one_it_is_compared_with(left, seconds):
    baseline = prepared(0.1, fits=[{"number": 0, "seconds": 0.5}])  # of 1 s in all
    lab = laboratory(table(), baseline=baseline)
    assert lab._fit_seconds(left, more_rows=True) == pytest.approx(seconds)
    assert lab._fit_seconds(left, more_rows=False) == 5.0


def seeds_asked(lab, *, repaired):
    return [seed for kinds, seed, _ in lab.replayer.asked if bool(kinds) is repaired]


def test_what_two_seeds_leave_undecided_is_measured_from_a_third():
    outcomes = {True: [0.83, 0.88, 0.86], False: [0.80, 0.78, 0.79]}
    lab = laboratory(table(_=0.80, A=0.83))

    def run(repairs=(), *, seed=0, **how):
        lab.replayer.asked.append((frozenset(r.kind for r in repairs), seed, how))
        return prepared(outcomes[bool(repairs)][seed])

    lab.replayer.run = run
    (priced,), _ = price(lab, [A])

    assert seeds_asked(lab, repaired=True) == [0, 1, 2]
    assert priced.gain.only_this == pytest.approx((0.03 + 0.10 + 0.07) / 3)
    assert priced.pays


def test_there_is_no_fourth():
    lab = laboratory(table(_=0.80, A=0.84), noise=lambda kinds: 0.0 if kinds else 0.005)
    lab.replayer.noise = lambda kinds: 0.01 if kinds else 0.02
    (priced,), _ = price(lab, [A])
    assert max(seeds_asked(lab, repaired=True)) == 2
    assert not priced.pays


def answered(right):
    """A run that had just these rows right."""
    replay = prepared(0.5)
    classes = np.where(right, LABELS, LABELS + 1)
    return replace(replay, arrays={**replay.arrays, "score0_classes": classes})


def test_rows_that_flip_by_chance_count_less_with_every_seed():
    lab, chance = laboratory(table(_=0.5)), np.random.default_rng(0)
    (plain, _) = lab.unrepaired()

    def pair():
        before = chance.random(ROWS) < 0.7
        after = chance.random(ROWS) < 0.7
        return tuple(
            (replace(plain, accuracy=float(right.mean())), answered(right))
            for right in (before, after)
        )

    one, two = pair(), pair()
    alone = _row_error(lab, [one])
    assert alone == pytest.approx((2 * 0.7 * 0.3 / ROWS) ** 0.5, rel=0.1)
    assert _row_error(lab, [one, two]) == pytest.approx(alone / 2**0.5, rel=0.1)
    assert _row_error(lab, [one, one]) == pytest.approx(alone)  # the same rows tell it again

    other = prepared(0.5)
    moved = replace(other, arrays={**other.arrays, "score0_labels": LABELS[::-1]})
    elsewhere = ((plain, moved), (plain, moved))
    assert _row_error(lab, [one, elsewhere]) == pytest.approx(
        (alone + _row_error(lab, [elsewhere])) / 2
    )

import pytest

from regraft.planning.growth import (
    LEAST,
    USUAL,
    Resources,
    curve_power,
    expected_accuracy,
    wide_power,
)


def test_the_power_is_the_median_of_the_plans():
    fewer = [0.1, 0.2, 0.4]
    more = [error * 4**-power for error, power in zip(fewer, (0.1, 0.3, 0.45), strict=True)]
    assert curve_power(fewer, more, 4) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("fewer", "more", "growth", "power"),
    [
        pytest.param([], [], 4, USUAL, id="nothing-known"),
        pytest.param([0.1], [0.1], 1, USUAL, id="no-growth"),
        pytest.param([0.1], [0.2], 4, LEAST, id="errors-that-rise-are-noise"),
    ],
)
def test_the_power_stays_in_reason(fewer, more, growth, power):
    assert curve_power(fewer, more, growth) == power


def test_more_pictures_make_fewer_errors():
    assert expected_accuracy(0.02, seen=1000, rows=16_000, power=0.25) == pytest.approx(0.99)
    assert expected_accuracy(0.9, seen=1000, rows=0, power=0.5) == 0


RESOURCES = Resources(seconds=110, n_train=60_000, n_validation=500, n_test=1000, load_seconds=5)


def test_a_fast_plan_gets_all_pictures():
    assert RESOURCES.share(10_000, 1000, seconds_per_value=1e-7) == (60_000, 1000)


def test_a_slow_plan_is_tested_on_all_and_learns_from_what_is_left():
    assert RESOURCES.share(100, 1000, seconds_per_value=1e-6) == (
        pytest.approx(90 / 0.011, abs=1),
        1000,
    )


def test_where_testing_alone_takes_too_long_half_the_time_goes_to_it():
    n_train, n_test = RESOURCES.share(10, 1000, seconds_per_value=0)
    assert n_test == n_train == pytest.approx((105 - 50) / 2 * 10, abs=1)


def test_no_time_is_no_pictures():
    assert RESOURCES.share(1, 1000, seconds_per_value=0) == (0, 0)


def test_wide_plans_gain_more_from_more_pictures():
    assert wide_power(0.1, 640, usual=640) == 0.1
    assert wide_power(0.1, 2560, usual=640) == pytest.approx(0.15625)
    assert wide_power(0.1, 1, usual=640) == LEAST

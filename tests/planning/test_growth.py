import pytest

from regraft.planning.growth import LEAST, USUAL, Resources, curve_power, expected_accuracy


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


def test_a_slow_plan_gets_fewer_pictures_and_a_fast_one_all():
    resources = Resources(
        seconds=110, n_train=60_000, n_others=1000, seconds_per_value=1e-7, load_seconds=10
    )
    assert resources.rows(10_000, 1000) == 60_000
    assert resources.rows(100, 1000) == pytest.approx(90 / 0.0101, abs=1)
    assert resources.rows(5, 1000) == 0

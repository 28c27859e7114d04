import numpy as np
import pytest

from regraft.errors import InvalidArgumentError
from regraft.finetune.rates import FIRST_BLOCK, by_depth, rate_at


@pytest.mark.parametrize("steps", [1, 2, 7, 40, 1000])
def test_rates_rise_and_then_fall(steps):
    rates = [rate_at(step, steps=steps, peak=2.0) for step in range(steps)]
    top = int(np.argmax(rates))
    assert all(0 < rate <= 2.0 for rate in rates)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    if steps >= 40:
        assert max(rates) == 2.0
        assert rates[0] <= 2.0 / 5
        assert rates[-1] < 0.02


@pytest.mark.parametrize("step", [-1, 10])
def test_a_step_outside_the_run(step):
    with pytest.raises(InvalidArgumentError, match="from 0 to 9"):
        rate_at(step, steps=10, peak=1.0)


def test_early_blocks_learn_slower_and_frozen_ones_not_at_all():
    shares = by_depth(5, (0, 1, 3))
    assert shares[0] == FIRST_BLOCK
    assert shares[2] == shares[4] == 0.0
    assert shares[0] < shares[1] < shares[3] < 1

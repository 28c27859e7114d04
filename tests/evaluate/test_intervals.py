import numpy as np
import pytest

from regraft.errors import InvalidArgumentError
from regraft.evaluate.intervals import wilson


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    ("correct", "n"),
    [
        pytest.param(0, 10, id="none-right"),
        pytest.param(10, 10, id="all-right"),
        pytest.param(1, 1, id="one-picture"),
        pytest.param(981, 1000, id="most-right"),
    ],
)
def test_wilson_equals_scipys(correct, n, level):
    from scipy.stats import binomtest

    theirs = binomtest(correct, n).proportion_ci(level, method="wilson")
    np.testing.assert_allclose(wilson(correct, n, level=level), theirs, atol=1e-12)


def test_wilson_covers_the_truth_as_often_as_it_says():
    truth, n = 0.97, 500
    counts = np.random.default_rng(0).binomial(n, truth, 2_000)
    covers = [low <= truth <= high for low, high in (wilson(int(c), n) for c in counts)]
    assert 0.935 <= np.mean(covers) <= 0.97


def test_wilson_is_wider_at_a_higher_level():
    low, high = wilson(90, 100)
    lower, higher = wilson(90, 100, level=0.99)
    assert lower < low < 0.9 < high < higher


@pytest.mark.parametrize(
    ("correct", "n", "level"),
    [
        pytest.param(0, 0, 0.95, id="no-pictures"),
        pytest.param(3, 2, 0.95, id="more-right-than-there-are"),
        pytest.param(1, 2, 1.0, id="certainty"),
    ],
)
def test_wilson_refuses(correct, n, level):
    with pytest.raises(InvalidArgumentError, match="expected"):
        wilson(correct, n, level=level)

import numpy as np
import pytest

from regraft.pipeline.averaging import Averaged

LABELS = np.arange(400) % 2


def probabilities(of_the_truth):
    """(n, 2), so sure of the truth in each row."""
    rows = np.arange(len(LABELS))
    found = np.empty((len(LABELS), 2), np.float32)
    found[rows, LABELS], found[rows, 1 - LABELS] = of_the_truth, 1 - of_the_truth
    return found


def sure(mean, spread=0.0, seed=0):
    return mean + spread * np.random.default_rng(seed).uniform(-1, 1, len(LABELS))


@pytest.mark.parametrize(
    ("alone", "together", "helps"),
    [
        pytest.param(sure(0.8), sure(0.9), True, id="surer-of-every-picture"),
        pytest.param(sure(0.9), sure(0.8), False, id="less-sure"),
        pytest.param(sure(0.8, 0.15), sure(0.8, 0.15, seed=1), False, id="noise"),
        pytest.param(sure(0.8), sure(0.8), False, id="the-same"),
    ],
)
def test_a_gain_must_be_beyond_noise(alone, together, helps):
    found = Averaged(alone=probabilities(alone), together=probabilities(together), labels=LABELS)
    assert found.helps is helps


def test_no_accuracy_is_given_for_it():
    together = sure(0.95)
    together[0] = 0.4
    found = Averaged(
        alone=probabilities(sure(0.6)), together=probabilities(together), labels=LABELS
    )
    assert found.gain[0] > 0
    assert not found.helps


def test_a_probability_of_zero_is_a_finite_loss():
    found = Averaged(
        alone=probabilities(sure(0.0)), together=probabilities(sure(0.5)), labels=LABELS
    )
    assert np.isfinite(found.gain).all()

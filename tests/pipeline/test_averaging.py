import numpy as np
import pytest

from regraft.adapt.views import View
from regraft.heads.calibrate import fit_temperature, mean_loss
from regraft.heads.linear import softmax
from regraft.pipeline import averaging
from regraft.pipeline.averaging import Averaged, average

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
        pytest.param(sure(0.8, 0.15), sure(0.85, 0.1, seed=1), True, id="surer-of-most"),
        pytest.param(sure(0.8), sure(0.8), False, id="the-same"),
    ],
)
def test_it_helps_where_the_loss_is_lower(alone, together, helps):
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


def test_the_mean_has_a_temperature_of_its_own(monkeypatch):
    generator = np.random.default_rng(0)
    # five views, each with noise of its own, and all too sure
    answers = 6 * np.eye(2)[LABELS] + generator.normal(0, 6, (5, len(LABELS), 2))
    answers = answers.astype(np.float32)
    asked = iter(answers[1:])
    monkeypatch.setattr(averaging, "evaluate", lambda *_, views: next(asked))
    pictures = type("Pictures", (), {"labels": LABELS, "__len__": lambda _: len(LABELS)})()
    views = (View(), *(View(down=part) for part in (0.01, 0.02, 0.03, 0.04)))
    alone = softmax(answers[0] / np.float32(fit_temperature(answers[0], LABELS)))
    found, temperature = average(None, pictures, views, as_they_are=answers[0], alone=alone)
    assert found.helps
    assert found.together == pytest.approx(softmax(answers / np.float32(temperature)).mean(axis=0))
    least = mean_loss(answers, LABELS, temperature=temperature)
    assert least < mean_loss(answers, LABELS, temperature=temperature * 1.1)
    assert least < mean_loss(answers, LABELS, temperature=temperature / 1.1)
    rows = np.arange(len(LABELS))
    assert least == pytest.approx(-np.log(found.together[rows, LABELS]).mean(), rel=1e-4)

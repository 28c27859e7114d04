import numpy as np
import pytest

from regraft.diagnose.agent.boundary import thumbnails
from regraft.diagnose.probe.properties import telling
from regraft.diagnose.probe.twins import twins_within

CLEARLY = 0.95  # BY_ONE of the rule that asks


@pytest.fixture
def parts(digits):
    return digits["x_train"][:400, ..., None], digits["x_test"][:200, ..., None]


def test_two_parts_of_one_source_differ_in_no_property(parts):
    _, area = telling(*parts)
    assert area < 0.65


OTHER_SOURCES = {
    "ink on paper": lambda x: 255 - x,
    "flat and bright": lambda x: x * 0.45 + 110,
    "on a noisy ground": lambda x: x * 0.8 + np.random.default_rng(0).integers(0, 80, x.shape),
    "small": lambda x: np.pad(x[:, ::2, ::2], ((0, 0), (7, 7), (7, 7), (0, 0))),
}


@pytest.mark.parametrize("changed", OTHER_SOURCES.values(), ids=OTHER_SOURCES)
def test_another_source_differs_in_one(parts, changed):
    train, validation = parts
    _, area = telling(train, changed(validation.astype(np.float32)))
    assert area > CLEARLY


def of_patients(patients, frames=20):
    """Frames of one place each, moved a little, in a light of the patient's own."""
    x = []
    for patient in patients:
        rng = np.random.default_rng(patient)
        coarse = rng.normal(size=(9, 9)).repeat(4, axis=0).repeat(4, axis=1)
        light = rng.normal(0, 20)
        for _ in range(frames):
            top, left = rng.integers(0, 4, 2)
            x.append(coarse[top : top + 32, left : left + 32] * 35 + 120 + light)
    return np.array(x, np.float32)[..., None]


def test_other_patients_differ_in_no_single_property_and_come_in_series():
    train, validation = of_patients(range(24)), of_patients(range(24, 30))
    assert telling(train, validation)[1] < CLEARLY
    assert twins_within(thumbnails(validation)) > 0.5


def test_digits_do_not_come_in_series(parts):
    assert twins_within(thumbnails(parts[0])) < 0.02
    assert twins_within(np.zeros((0, 256))) == 0

"""Repairs of pixels at the model's input reach the part they are meant for."""

import numpy as np
import pytest

from regraft.diagnose.agent import boundary, feeds, interventions
from regraft.diagnose.conventions import conversion
from regraft.diagnose.repairs import convert_pixels

TO_SIGNED = convert_pixels(
    conversion("unit", "signed"), part="validation", boundary="model", only_span=(0.0, 1.0)
)


def converted(x, part, monkeypatch):
    wanted = [{"kind": TO_SIGNED.kind, "parameters": dict(TO_SIGNED.parameters)}]
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions(wanted))
    feed = feeds.Feed(x=x, y=None, planned=len(x))
    boundary.convert_feed(feed, part=part)
    return feed.x


@pytest.fixture
def unit(digits):
    return digits["x_train"][:30, ..., None].astype(np.float32) / 255


@pytest.mark.parametrize("part", ["validation", "prediction", "features"])
def test_pictures_of_validation_are_converted(unit, part, monkeypatch):
    np.testing.assert_allclose(converted(unit, part, monkeypatch), unit * 2 - 1, atol=1e-6)


def test_training_pictures_are_not(unit, monkeypatch):
    assert converted(unit, "train", monkeypatch) is unit
    signed = unit * 2 - 1  # features are extracted of these too
    assert converted(signed, "features", monkeypatch) is signed

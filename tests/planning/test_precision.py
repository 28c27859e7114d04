import json

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.backbones.weights import find_weights
from regraft.data.open import open_data
from regraft.deadline import Deadline, OutOfTime
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.planning import precision as module
from regraft.planning.default import Choice
from regraft.planning.precision import choose_precision

ROW = get("efficientnet_lite0")
CHOICE = Choice(row=ROW, size=32, taps=("block2b_add",), grids=(2,))
PACES = {"float32": 100.0, "bfloat16": 190.0, "int8": 380.0}


class Exact(TensorFlow):
    """Has lower precisions, as OpenVINO has on some processors."""

    name = "openvino"

    def __init__(self, *lower):
        self._lower = lower

    def faster(self):
        return self._lower


class Lower(TensorFlow):
    """Features times noise."""

    name = "openvino"

    def __init__(self, precision, noise):
        self.precision = precision
        self._noise = noise

    def load(self, model, calibration):
        run = super().load(model, calibration)
        rng = np.random.default_rng(0)

        def noisy(batch):
            exact = run(batch)
            return [f * rng.normal(1, self._noise, f.shape).astype(np.float32) for f in exact]

        return noisy


@pytest.fixture
def probe():
    return open_data("digits", limit=240)


@pytest.fixture
def ask(probe, tmp_path, monkeypatch):
    """Ask about a runtime with these lower precisions; paces are as given."""
    monkeypatch.setattr(module, "_pace", lambda readings: PACES[readings.built.runtime.precision])
    told = []

    def ask(*lower, **options):
        engine = Exact(*lower)
        found, pace = choose_precision(
            probe, CHOICE, engine, weights=find_weights(ROW), n_classes=10, seed=0,
            folder=tmp_path, note=told.append, **options,
        )  # fmt: skip
        return found, pace, told[-1] if told else ""

    return ask


def test_the_fastest_that_loses_nothing_is_taken_and_remembered(ask, tmp_path, monkeypatch):
    lower = Lower("bfloat16", 1e-6), Lower("int8", 1e-6)
    found, pace, told = ask(*lower)
    assert (found.precision, pace) == ("int8", 380.0)
    assert told.startswith("Precision: int8. A head on float32 features has 0.")
    assert "3.8 x as fast" in told
    (verdict,) = json.loads((tmp_path / "precisions.json").read_text()).values()
    assert verdict["plan"] == "efficientnet_lite0 32 px block2b_add 2x2"
    assert set(verdict["accuracy"]) == set(PACES)

    def not_again(*_, **__):
        raise AssertionError

    monkeypatch.setattr(module, "cross_validate", not_again)
    assert ask(*lower)[0].precision == "int8"


def test_a_precision_that_costs_accuracy_is_not_taken(ask):
    found, pace, told = ask(Lower("bfloat16", 1e-6), Lower("int8", 3.0))
    assert (found.precision, pace) == ("bfloat16", 190.0)
    assert "int8" in told
    assert ask(Lower("bfloat16", 3.0))[0].precision == "float32"


def test_what_saves_less_than_asking_takes_is_not_asked_about(ask):
    """Of 1,000 pictures at 190 a second int8 saves 1.5 s; asking takes 7 s and more."""
    lower = Lower("bfloat16", 1e-6), Lower("int8", 1e-6)
    found, _, told = ask(*lower, n_to_read=1_000)
    assert found.precision == "bfloat16"
    assert "int8 would save less time than it takes to ask" in told
    assert ask(*lower, n_to_read=100_000)[0].precision == "int8"


def test_a_precision_that_is_hardly_faster_is_not_taken(ask, monkeypatch):
    monkeypatch.setitem(PACES, "bfloat16", 110.0)
    assert ask(Lower("bfloat16", 1e-6))[0].precision == "float32"


def test_without_lower_precisions_nothing_is_asked(ask, tmp_path):
    engine, pace, told = ask()
    assert (engine.precision, pace, told) == ("float32", None, "")
    assert not (tmp_path / "precisions.json").exists()


class Ending(Deadline):
    """Over after so many questions."""

    def __init__(self, n):
        super().__init__(1e6)
        self._n = n

    def check(self):
        self._n -= 1
        if self._n < 0:
            raise OutOfTime


def test_what_time_was_left_for_counts_and_is_not_remembered(ask, tmp_path):
    lower = Lower("bfloat16", 1e-6), Lower("int8", 1e-6)
    found, _, told = ask(*lower, deadline=Ending(0))
    assert found.precision == "float32"
    assert "no time" in told
    # four batches: three questions between them and one before the head, for each precision
    found, _, told = ask(*lower, deadline=Ending(8))
    assert found.precision == "bfloat16"
    assert "no time for int8" in told
    assert not (tmp_path / "precisions.json").exists()

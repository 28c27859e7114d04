import json
import time

import pytest

from regraft.data.open import open_data
from regraft.pipeline import aiming, choosing, fit, resume
from regraft.pipeline.aiming import is_open
from regraft.pipeline.request import Work

from ..conftest import Listener
from .conftest import three_classes
from .test_shortlisting import asked


def work(**changes):
    return Work(request=asked(**changes), began=time.monotonic(), spent=0.0, command="", out=None)


@pytest.fixture(scope="module")
def images():
    return open_data(three_classes(240))


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        pytest.param({}, True, id="open"),
        pytest.param({"size": 32}, True, id="a-part-is-open"),
        pytest.param({"mode": "auto"}, False, id="searched-for-a-head"),
        pytest.param({"epochs": 3}, False, id="of-fixed-length"),
        pytest.param({"budget": 200.0}, False, id="short"),
        pytest.param({"size": 32, "taps": ("block2b_add",), "grids": (2,)}, False, id="named"),
    ],
)
def test_when_a_plan_is_looked_for(images, monkeypatch, changes, answer):
    monkeypatch.setattr(choosing, "FEW", 10)
    assert is_open(work(**changes), images) is answer


@pytest.mark.slow
def test_the_plan_found_is_written_down_before_anything_else(monkeypatch, tmp_path):
    monkeypatch.setattr(choosing, "FEW", 10)
    monkeypatch.setattr(aiming, "LEAST_BUDGET", 10.0)

    class Killer(Listener):
        def note(self, text):
            super().note(text)
            if text.startswith("Training computes"):
                raise KeyboardInterrupt

    options = {"backbone": "efficientnet_lite0", "size": 32, "mode": "finetune", "budget": 61}
    out, killer = tmp_path / "run", Killer()
    with pytest.raises(KeyboardInterrupt):
        fit(three_classes(240), out=out, progress=killer, **options)
    facts = json.loads((out / "checkpoint" / "run.json").read_text())
    assert facts["request"]["taps"] == "auto"  # as asked; what was found stands beside it
    assert "auto" not in (facts["plan"]["taps"], facts["plan"]["grids"])
    listener = Listener()
    result = resume(out, data=three_classes(240), progress=listener)
    assert not any(note.startswith("Frozen: ") for note in listener.notes)
    assert list(result.classifier.recipe.taps) == facts["plan"]["taps"]
    assert result.classifier.metrics["finetune"]["race"] == facts["race"]

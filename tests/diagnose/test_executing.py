"""What a replayed `fit` is given beside its rows."""

from types import SimpleNamespace

import pytest

from regraft.diagnose.agent import executing, interventions, session


@pytest.fixture
def active(monkeypatch):
    def activate(*repairs):
        wanted = [{"kind": kind, "parameters": parameters} for kind, parameters in repairs]
        monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions(wanted))

    model = object()
    compiled = {id(model): {"site": {"line": 7}}}
    monkeypatch.setattr(session, "SESSION", SimpleNamespace(compiled=compiled), raising=False)
    activate.model = model
    return activate


def fit(model=None, **arguments):
    return SimpleNamespace(model=model, arguments=arguments, rates=None)


def test_a_rate_that_is_repaired_is_held_whatever_the_script_assigns_afterwards(active):
    """`model.optimizer.learning_rate = 0.05` after compile would undo the repair."""
    active(("set-learning-rate", {"value": 1e-3, "line": 7}))
    (held,) = executing._callbacks_of(fit(active.model))
    assert "rate" in type(held).__name__.lower()


@pytest.mark.parametrize("repairs", [(), (("set-learning-rate", {"value": 1e-3, "line": 9}),)])
def test_other_trainings_are_left_as_they_are(active, repairs):
    active(*repairs)
    assert executing._callbacks_of(fit(active.model)) == []


class Rows(SimpleNamespace):
    def __len__(self):
        return self.n


@pytest.mark.parametrize(
    ("steps", "n", "expected"),
    [
        pytest.param(None, 320, None, id="all"),
        pytest.param(10, 320, None, id="a pass"),
        pytest.param(4, 320, 4, id="fewer"),
        pytest.param(4, 80, 1, id="of a sample"),
        pytest.param(1, 32, 1, id="at least one"),
    ],
)
def test_few_steps_an_epoch_stay_few(steps, n, expected):
    given = SimpleNamespace(
        arguments={"steps_per_epoch": steps}, train=Rows(n=n, planned=320), batch_size=32
    )
    assert executing._steps(given) == expected

"""What a replayed `fit` is given beside its rows."""

from types import SimpleNamespace

import pytest

from regraft.diagnose.agent import compiling, executing, interventions, session
from regraft.diagnose.agent.training import Fit


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
    return SimpleNamespace(
        model=model, arguments=arguments, rates=None, epochs=1, expected_epochs=1
    )


def test_a_rate_that_is_repaired_is_held_whatever_the_script_assigns_afterwards(active):
    """`model.optimizer.learning_rate = 0.05` after compile would undo the repair."""
    active(("set-learning-rate", {"value": 1e-3, "line": 7}))
    (held,) = executing._callbacks_of(fit(active.model))
    assert "rate" in type(held).__name__.lower()


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        pytest.param(0.01, 1e-5, id="its-own"),
        pytest.param(float("nan"), None, id="not-known"),
        pytest.param(1e-3, None, id="of-another-training"),
    ],
)
def test_of_several_trainings_compiled_by_one_helper_only_those_at_its_rate_are_repaired(
    active, own, wanted
):
    active(("set-learning-rate", {"value": 1e-5, "line": 7, "before": 0.01}))
    assert compiling.other_rate({"line": 7}, own) == wanted


@pytest.mark.parametrize("repairs", [(), (("set-learning-rate", {"value": 1e-3, "line": 9}),)])
def test_other_trainings_are_left_as_they_are(active, repairs):
    active(*repairs)
    assert executing._callbacks_of(fit(active.model)) == []


class EarlyStopping:
    patience = 5


class Other:
    patience = 1


@pytest.mark.parametrize(
    ("epochs", "given", "expected"),
    [(1000, [EarlyStopping()], 20), (8, [EarlyStopping()], 8), (1000, [Other()], 1000)],
)
def test_a_training_that_stops_by_itself_is_forecast_to_where_it_likely_does(
    epochs, given, expected
):
    arguments = {"epochs": epochs, "callbacks": given}
    this = Fit(model=None, train=None, validation=None, arguments=arguments, site=None, number=0,
               how="none")  # fmt: skip
    assert this.expected_epochs == expected


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


def test_a_sample_that_a_callback_ends_early_is_scored_all_the_same(monkeypatch):
    asked = []

    def evaluate(model, x, y, **_):
        asked.append((x, y))
        return {"loss": 0.5, "accuracy": 0.75}

    state = SimpleNamespace(original={"evaluate": evaluate})
    monkeypatch.setattr(session, "SESSION", state, raising=False)
    history = SimpleNamespace(history={"loss": [2.0, 1.0]})
    executing._score_once(object(), history, SimpleNamespace(x="x", y="y"))
    assert history.history == {"loss": [2.0, 1.0], "val_loss": [0.5], "val_accuracy": [0.75]}
    executing._score_once(object(), history, SimpleNamespace(x="x", y="y"))
    executing._score_once(object(), SimpleNamespace(history={}), None)
    assert asked == [("x", "y")]


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 4])
@pytest.mark.parametrize("steps_an_epoch", [1, 3], ids=["validated-after-each", "one-epoch"])
def test_a_stopwatch_counts_steps_and_not_what_is_between_epochs(
    at_once, steps_an_epoch, monkeypatch
):
    from regraft.diagnose.agent import callbacks

    now = 0.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now)
    watch = callbacks.stopwatch(100, 10, 1, give_up=False)
    watch.set_model(SimpleNamespace(steps_per_execution=at_once))
    for step in range(callbacks.FORECAST_STEPS):
        if step % steps_an_epoch == 0:
            now += 60.0  # of validation
            watch.on_epoch_begin(step)
        now += 4.0 if step else 30.0  # the first step traces
        watch.on_train_batch_end(step)
    assert watch.seconds_per_row == pytest.approx(4.0 / 10 / at_once)

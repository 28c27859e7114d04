"""Methods of a model reach the agent with every argument by its name."""

import pytest

from regraft.diagnose.agent import session
from regraft.diagnose.agent.hooks import attach, models


def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", **kwargs):
    return "Keras", x, y, batch_size, verbose, kwargs


def hooked(monkeypatch, depth=0):
    monkeypatch.setattr(session, "SESSION", session.Session({}, None))
    session.SESSION.depth = depth
    return models._method(evaluate, lambda model, x=None, y=None, **more: (model, x, y, more))


@pytest.mark.parametrize(
    ("arguments", "named", "more"),
    [
        ((1, 2, 64), {}, {"batch_size": 64}),
        ((1,), {"y": 2, "cached": True}, {"cached": True}),
        ((1, 2, 64, 0), {}, {"batch_size": 64, "verbose": 0}),
    ],
)
def test_arguments_by_position(monkeypatch, arguments, named, more):
    assert hooked(monkeypatch)("model", *arguments, **named) == ("model", 1, 2, more)


def test_keras_itself_says_what_it_does_not_take(monkeypatch):
    with pytest.raises(TypeError, match=r"evaluate\(\) takes from 1 to 5 positional arguments"):
        hooked(monkeypatch)("model", 1, 2, 3, 4, 5)


def test_what_keras_calls_is_its_own(monkeypatch):
    assert hooked(monkeypatch, depth=1)("model", 1)[0] == "Keras"


def test_names_are_those_of_the_signature():
    def load(filepath, skip_mismatch=False, **kwargs): ...

    named = attach.named(load, "w.h5", True, by_name=True)
    assert named == {"filepath": "w.h5", "skip_mismatch": True, "by_name": True}

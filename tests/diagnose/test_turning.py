"""Whether there is time to ask about changed pictures, told by a few of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from regraft.diagnose.agent import feeds, session, turning
from regraft.diagnose.agent.transforms import OF_ANY_SHAPE, TRANSFORMS

COLOURS = {"swap-red-and-blue"}  # of gray pictures it changes nothing
TRACING = 100.0  # seconds


class Asked:
    """A model that is right on pictures upside down, at a pace; what it saw plain is remembered."""

    def __init__(self, plain, a_picture):
        self.plain, self.a_picture, self.now, self.has_traced = plain, a_picture, 0.0, False

    def __call__(self, x, labels):
        if not (x[:1] == self.plain[:1]).all():
            self.now += len(x) * self.a_picture + TRACING * (not self.has_traced)
            self.has_traced = True
        return float(np.mean(x[:, 0].mean(axis=(1, 2)) > x[:, -1].mean(axis=(1, 2))))


@pytest.mark.parametrize(
    ("shape", "a_picture", "names"),
    [
        pytest.param((16, 16), 0.001, set(TRANSFORMS) - COLOURS, id="in-time"),
        pytest.param((16, 24), 0.001, OF_ANY_SHAPE - COLOURS, id="not-square"),
        pytest.param((16, 16), 1.0, set(), id="too-slow"),
        pytest.param((4, 4), 0.001, set(), id="maps-of-features"),
    ],
)
def test_changes_are_asked_about_where_the_time_holds_them(shape, a_picture, names, monkeypatch):
    x = np.random.default_rng(0).random((150, *shape, 1)).astype(np.float32)
    x += np.linspace(0, 1, shape[0], dtype=np.float32)[:, None, None]
    right = Asked(x, a_picture)
    monkeypatch.setattr(turning.time, "monotonic", lambda: right.now)
    monkeypatch.setattr(session, "SESSION", SimpleNamespace(fit_seconds=20.0), raising=False)
    feed = feeds.Feed(x=x, y=np.zeros(150, np.int64), planned=150)
    found = turning.by_transform(feed, right, train_accuracy=1.0)
    assert set(found) == set(names)
    if found:
        assert found["flip-up-down"] == 1.0
        assert found["flip-left-right"] == 0.0


def test_colours_are_exchanged(monkeypatch):
    monkeypatch.setattr(session, "SESSION", SimpleNamespace(fit_seconds=20.0), raising=False)
    x = np.zeros((150, 16, 16, 3), np.float32)
    x[..., 2] = 1.0  # blue, which the model knows as red
    feed = feeds.Feed(x=x, y=np.zeros(150, np.int64), planned=150)
    found = turning.by_transform(
        feed, lambda x, _: float(np.mean(x[..., 0] - x[..., 1] > 0.5)), train_accuracy=1.0
    )
    assert found.pop("swap-red-and-blue") == 1.0
    assert not any(found.values())


def test_nothing_is_asked_where_validation_is_not_behind(monkeypatch):
    monkeypatch.setattr(session, "SESSION", SimpleNamespace(fit_seconds=20.0), raising=False)
    feed = feeds.Feed(x=np.ones((150, 16, 16, 1)), y=np.zeros(150, np.int64), planned=150)
    assert turning.by_transform(feed, lambda *_: 0.9, train_accuracy=1.0) == {}

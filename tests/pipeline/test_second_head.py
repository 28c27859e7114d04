import numpy as np
import pytest

from regraft.deadline import Deadline
from regraft.heads.choose_l2 import fit_head
from regraft.observer import Nobody
from regraft.pipeline import second_head as module
from regraft.pipeline.second_head import VARIED_EPOCHS, second_head

LONG = 600.0  # seconds


class Notes(Nobody):
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append(text)


def rows(n, seed, *, is_linear):
    """Two classes: on both sides of a line, or at opposite corners of a square."""
    generator = np.random.default_rng(seed)
    sides = generator.integers(0, 2, (n, 2))
    labels = sides[:, 0] if is_linear else sides[:, 0] ^ sides[:, 1]
    features = sides * 3 + generator.normal(size=(n, 2))
    return features.astype(np.float32), labels.astype(np.int64)


def ask(train, validation, notes, seconds=LONG, vary=None):
    linear = fit_head(*train, validation=validation, n_classes=2)
    return second_head(
        linear, train, validation, vary=vary, deadline=Deadline(seconds), seed=0, observer=notes
    )


@pytest.fixture
def few_rows_will_do(monkeypatch):
    monkeypatch.setattr(module, "LEAST_ROWS", 100)


@pytest.mark.usefixtures("few_rows_will_do")
def test_it_is_kept_where_it_helps():
    notes = Notes()
    second = ask(rows(6_000, 0, is_linear=False), rows(1_000, 1, is_linear=False), notes)
    assert second.on_validation["accuracy"] > 0.85  # a linear head: 0.5
    assert "is used" in notes.lines[0]


@pytest.mark.usefixtures("few_rows_will_do")
def test_it_is_dropped_where_it_does_not():
    notes = Notes()
    train, validation = rows(200, 0, is_linear=True), rows(1_000, 1, is_linear=True)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, 300)).astype(np.float32)
    more = rng.normal(size=(1_000, 300)).astype(np.float32)
    train = (np.concatenate([train[0], noise], axis=1), train[1])
    validation = (np.concatenate([validation[0], more], axis=1), validation[1])
    assert ask(train, validation, notes) is None
    assert "is not used" in notes.lines[0]


@pytest.mark.usefixtures("few_rows_will_do")
def test_without_time_nothing_is_said():
    notes = Notes()
    parts = rows(200, 0, is_linear=False), rows(200, 1, is_linear=False)
    assert ask(*parts, notes, seconds=0.0) is None
    assert not notes.lines


def test_few_pictures_are_left_to_the_linear_head():
    notes = Notes()
    assert ask(rows(200, 0, is_linear=False), rows(200, 1, is_linear=False), notes) is None
    assert not notes.lines


@pytest.mark.usefixtures("few_rows_will_do")
def test_varied_rows_are_learnt_from():
    train, validation = rows(6_000, 0, is_linear=False), rows(1_000, 1, is_linear=False)
    turned = validation[0][:, ::-1] * [1, -1]  # a variation of the plane that training lacks
    asked = {}

    def vary(deadline, *, passes, a_row):
        asked.update(left=deadline.left(), passes=passes, a_row=a_row)
        return (train[0][:, ::-1] * [1, -1]).astype(np.float32)

    both = (np.concatenate([validation[0], turned]).astype(np.float32), np.tile(validation[1], 2))
    without, given = (ask(train, both, Notes(), vary=each) for each in (None, vary))
    assert given.on_validation["accuracy"] > without.on_validation["accuracy"]
    assert asked["passes"] == VARIED_EPOCHS
    assert 0 < asked["a_row"] < 1
    assert LONG / 2 < asked["left"] < LONG  # something is left for the machine to be busy


@pytest.mark.usefixtures("few_rows_will_do")
def test_it_answers_alone_where_the_linear_head_only_adds_noise():
    notes = Notes()
    second = ask(rows(6_000, 0, is_linear=False), rows(1_000, 1, is_linear=False), notes)
    assert second.head.share == 1.0
    assert "instead of the linear one" in notes.lines[0]

import numpy as np
import pytest

from regraft.deadline import Deadline
from regraft.errors import InvalidArgumentError
from regraft.heads import hidden as hidden_module
from regraft.heads.answers import answer_of, hidden_logits
from regraft.heads.choose_l2 import fit_head
from regraft.heads.hidden import LEAST_EPOCHS, fit_hidden, seconds_a_row
from regraft.heads.linear import probabilities
from regraft.heads.solver import Examples

LONG = 600.0  # seconds


def corners(n, seed):
    """Two classes at opposite corners of a square: no line parts them. One feature is constant."""
    generator = np.random.default_rng(seed)
    sides = generator.integers(0, 2, (n, 2))
    features = np.concatenate([sides * 6 + 50, np.full((n, 1), 7), sides * 0], axis=1)
    features = features + generator.normal(size=features.shape) * [1, 1, 0, 1, 1]
    return Examples(
        features=features.astype(np.float32), labels=(sides[:, 0] ^ sides[:, 1]).astype(np.int64)
    )


@pytest.fixture(scope="module")
def hidden():
    return fit_hidden([corners(6_000, 0)], 2, deadline=Deadline(LONG))


def test_what_no_line_parts_is_told_apart(hidden):
    train, test = corners(6_000, 0), corners(2_000, 1)
    linear = fit_head(
        train.features, train.labels, validation=(test.features, test.labels), n_classes=2
    )
    alone = probabilities(linear, test.features).argmax(axis=1) == test.labels
    both = answer_of(linear, hidden, test.features)
    assert alone.mean() < 0.8
    assert (both.argmax(axis=1) == test.labels).mean() > 0.98
    assert both.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(
        answer_of(linear, None, test.features), probabilities(linear, test.features)
    )


def test_the_standardisation_is_folded_in(hidden):
    test = corners(2_000, 1)
    assert (hidden_logits(hidden, test.features).argmax(axis=1) == test.labels).mean() > 0.98
    assert not hidden.into[2].any()  # a constant feature says nothing


def test_the_seed_decides():
    train = corners(600, 0)
    first, again, other = (
        fit_hidden([train], 2, deadline=Deadline(LONG), seed=seed) for seed in (3, 3, 4)
    )
    assert np.array_equal(first.into, again.into)
    assert not np.array_equal(first.into, other.into)


def test_without_time_there_is_none():
    assert fit_hidden([corners(600, 0)], 2, deadline=Deadline(0.0)) is None
    assert LEAST_EPOCHS > 1


def test_features_must_be_finite():
    train = corners(600, 0)
    train.features[3, 1] = np.nan
    with pytest.raises(InvalidArgumentError, match="finite"):
        fit_hidden([train], 2, deadline=Deadline(LONG))


def test_parts_are_as_good_as_one():
    train = corners(600, 0)
    parts = [
        Examples(features=train.features[rows], labels=train.labels[rows])
        for rows in (slice(0, 250), slice(250, 600))
    ]
    whole, parted = (fit_hidden(each, 2, deadline=Deadline(LONG)) for each in ([train], parts))
    np.testing.assert_allclose(parted.into, whole.into, rtol=1e-5, atol=1e-6)


def test_with_little_time_the_rate_falls_with_the_clock(monkeypatch):
    monkeypatch.setattr(hidden_module._Training, "seconds_a_step", lambda self: 0.25)
    train, moments = corners(6_000, 0), iter(np.arange(0, 100, 0.25))
    short = Deadline(20.0, now=lambda: float(next(moments)))
    head = fit_hidden([train], 2, deadline=short)
    right = hidden_logits(head, train.features).argmax(axis=1) == train.labels
    assert right.mean() > 0.95
    assert 19 < float(next(moments)) < 22  # the clock of the deadline ended it


def test_a_row_takes_time():
    assert 0 < seconds_a_row(corners(600, 0), 2) < 1

"""Rows split again by a replay: what may be on which side."""

import numpy as np
import pytest

from regraft.diagnose.agent import feeds, interventions, preparing

RNG = np.random.default_rng(0)


def feed(x, y):
    return feeds.Feed(x=x, y=y, planned=len(x), rows=np.arange(len(x)), batch_size=32)


def pictures(*counts):
    """So many different pictures of class 0, 1, ..., in class order."""
    return RNG.random((sum(counts), 4, 4, 1)), np.repeat(np.arange(len(counts)), counts)


@pytest.fixture
def resplit(record, monkeypatch):
    def split(train, validation, *more):
        active = interventions.Interventions([{"kind": "resplit"}, *more])
        monkeypatch.setattr(interventions, "ACTIVE", active)
        return preparing.repair(feed(*train), feed(*validation))

    return split


def digests(part):
    return {feeds.digest_row(row) for row in part.x}


def test_copies_of_a_picture_stay_on_one_side(resplit):
    (x, y), validation = pictures(300, 20), pictures(94, 6)
    rows = np.concatenate([np.arange(300), np.repeat(np.arange(300, 320), 15)])  # oversampled
    train, held = resplit((x[rows], y[rows]), validation)
    assert not digests(train) & digests(held)
    assert len(train) > 450, "copies of what is not held out are trained on"  # 320 different ones


def test_validation_keeps_its_classes_where_training_has_them_all(resplit):
    _, held = resplit(pictures(100, 100), pictures(90, 10))
    np.testing.assert_array_equal(np.bincount(held.labels), [90, 10])


@pytest.mark.parametrize("left", [0, 2], ids=["none", "next-to-none"])
def test_validation_gets_the_classes_of_all_rows_where_one_was_cut_off(resplit, left):
    train, held = resplit(pictures(200, left), ((RNG.random((50, 4, 4, 1))), np.ones(50, int)))
    counts = np.bincount(held.labels, minlength=2)
    assert 35 <= counts[0] <= 45
    assert np.bincount(train.labels, minlength=2)[1] > 30


def test_rows_that_were_not_computed_leave_others_to_train_on(resplit):
    (x, y), (xv, yv) = pictures(200, 200), pictures(100, 100)
    x[::2], xv[::2] = np.nan, np.nan
    train, held = resplit((x, y), (xv, yv))
    computed = ~np.isnan(train.x[:, 0, 0, 0])
    assert 150 <= computed.sum() <= 250
    assert 60 <= (~np.isnan(held.x[:, 0, 0, 0])).sum() <= 120


def test_what_is_wrong_with_one_part_is_mended_before_rows_change_sides(resplit):
    mend = {"kind": "convert-pixels", "parameters": {
        "boundary": "model", "part": "validation", "scale": [1 / 255] * 3, "offset": [0.0] * 3,
        "order": [0, 1, 2]}}  # fmt: skip
    x, xv = RNG.random((200, 16, 16, 3)), RNG.random((100, 16, 16, 3))
    train, held = resplit((x, np.zeros(200, int)), (xv * 255, np.ones(100, int)), mend)
    assert max(train.x.max(), held.x.max()) <= 1.0001
    assert min(np.bincount(held.labels, minlength=2)) > 20


@pytest.mark.parametrize("kind", ["drop-rows", "ignore-weights"])
def test_a_source_that_changes_pictures_is_left_where_rows_or_weights_are(
    record, monkeypatch, kind
):
    x, y = pictures(30, 30)
    train = feed(x, y)
    train.source, train.random_pixels = object(), True
    train.sample_weight = np.ones(len(x))
    repairs = [{"kind": kind, "parameters": {"rows": [0, 1, 2]}}]
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions(repairs))
    left, _ = preparing.repair(train, None)
    assert len(left) == (57 if kind == "drop-rows" else 60)
    assert not left.is_drawn_anew
    assert not left.random_pixels

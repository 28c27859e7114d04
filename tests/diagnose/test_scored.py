"""`predict` and `evaluate` as the script sees them, around stand-ins for Keras and a network."""

from types import SimpleNamespace

import numpy as np
import pytest

from regraft.diagnose.agent import (
    anatomy,
    feeds,
    frozen,
    interventions,
    ledger,
    scored,
    session,
    streams,
)

SITE = {"file": "train.py", "line": 3, "code": ""}
N, ROW_BYTES = 900, 4 * 8 * 8
X = np.arange(N, dtype=np.float32)[:, None, None, None] * np.ones((1, 8, 8, 1), np.float32)
Y = np.arange(N) % 7


class DataSet:
    """Batches of 32, the last one shorter, again and again."""

    def __init__(self, x=X, y=Y):
        self.x, self.y = x, y

    def cardinality(self):
        return -(-len(self.x) // 32)

    def map(self, function):
        raise NotImplementedError

    def __iter__(self):
        for start in range(0, len(self.x), 32):
            yield self.x[start : start + 32], self.y[start : start + 32]


def forward(model, x, *_):
    return x.reshape(len(x), -1)[:, :3]


@pytest.fixture
def model(record, monkeypatch, tmp_path):
    """A network that says what it was given; Keras' own methods say that they were called."""
    keras = {name: lambda *a, name=name, **k: {"by": name, "given": a[1:], **k}
             for name in ("predict", "evaluate")}  # fmt: skip
    state = session.Session({"fit_seconds": 100.0}, SimpleNamespace(outputs=forward))
    state.original = keras
    monkeypatch.setattr(session, "SESSION", state)
    monkeypatch.setattr(frozen, "forward", forward)
    monkeypatch.setattr(scored, "_is_plain", lambda _: True)
    monkeypatch.setattr(anatomy, "base_of", lambda _: None)
    monkeypatch.setattr(scored, "score", lambda *a, **k: None)
    return SimpleNamespace(name="net", trainable_variables=())


class Sequence(DataSet):
    """Counts the passes that it is told of."""

    ends = 0

    def __len__(self):
        return self.cardinality()

    def __getitem__(self, number):
        return self.x[32 * number : 32 * number + 32], self.y[32 * number : 32 * number + 32]

    def on_epoch_end(self):
        self.ends += 1


def test_a_sequence_is_told_of_the_end_of_a_pass(model):
    asked = Sequence()
    scored.predict(model, asked)
    assert asked.ends == 1
    scored.evaluate(model, asked)
    assert asked.ends == 2


def test_all_rows_of_a_data_set_that_fits(model):
    outputs = scored.predict(model, DataSet())
    np.testing.assert_array_equal(outputs, forward(model, X))
    assert not session.SESSION.is_partial


@pytest.mark.parametrize("room", [N - 1, 300, 20])
@pytest.mark.parametrize("kind", [DataSet, lambda: iter(DataSet())], ids=["data set", "generator"])
def test_a_row_for_each_of_a_data_set_that_does_not(model, monkeypatch, room, kind):
    monkeypatch.setattr(streams, "MOST_BYTES", room * ROW_BYTES)
    outputs = scored.predict(model, kind())
    assert outputs.shape == (N, 3)
    computed = np.flatnonzero(~np.isnan(outputs[:, 0]))
    np.testing.assert_array_equal(outputs[computed], forward(model, X)[computed])
    assert room / 2 <= len(computed) <= room
    assert computed[-1] > 0.9 * N  # from all over it: folders are often in the order of classes
    assert session.SESSION.is_partial
    assert ledger.RECORD.facts["predicted"] == {str(N): len(computed)}


def test_labels_of_such_rows_are_beside_them(model, monkeypatch):
    told = []
    monkeypatch.setattr(streams, "MOST_BYTES", 100 * ROW_BYTES)
    monkeypatch.setattr(scored.scoring, "predicted", lambda *given, **_: told.append(given))
    scored.predict(model, DataSet())
    ((outputs, labels, rows),) = told
    assert len(outputs) == len(labels) == N
    np.testing.assert_array_equal(labels[rows], Y[rows])


@pytest.mark.parametrize("kind", [DataSet, lambda: iter(DataSet())], ids=["data set", "generator"])
def test_keras_predicts_where_no_row_may_be_missing(model, monkeypatch, kind):
    monkeypatch.setattr(streams, "MOST_BYTES", 100 * ROW_BYTES)
    session.SESSION.settings["predicts_whole"] = True
    given = kind()
    answer = scored.predict(model, given, batch_size=8)
    assert (answer["by"], answer["given"], answer["batch_size"]) == ("predict", (given,), 8)
    assert len(next(iter(given))[0]) == 32  # nothing of a generator was used up


class ByNumberToo(DataSet):
    """Like the iterators of `ImageDataGenerator`: batches by their number, and by `next`."""

    def __len__(self):
        return -(-N // 32)

    def __getitem__(self, number):
        rows = slice(32 * number, 32 * number + 32)
        return X[rows], Y[rows]

    def __next__(self):
        raise NotImplementedError


def test_what_can_be_read_again_is_followed_where_no_row_may_be_missing(model):
    session.SESSION.settings["predicts_whole"] = True
    outputs = scored.predict(model, ByNumberToo())
    np.testing.assert_array_equal(outputs, forward(model, X))


def test_rows_that_no_time_is_left_for_are_missing_too(model):
    session.SESSION.settings["predicted"] = {str(N): 200}
    outputs = scored.predict(model, X)
    assert np.isnan(outputs[:, 0]).sum() == N - 200
    assert len(scored._without_uncomputed(scored.feeds.read(outputs, Y, batch_size=1, steps=None))
               ) == 200  # fmt: skip


def test_a_sample_of_rows_is_scored_with_their_weights(model):
    weights = np.linspace(0, 1, 3 * N)
    x, y = np.repeat(X, 3, axis=0), np.repeat(Y, 3)
    answer = scored.evaluate(model, x, y, sample_weight=weights, return_dict=True)
    rows = answer["given"][0]
    assert len(rows) <= 1.1 * scored.SCORED
    assert answer["return_dict"]
    position = np.searchsorted(weights, answer["sample_weight"])
    np.testing.assert_array_equal(x[position], rows)


def test_a_comparison_with_labels_is_a_score_with_its_pictures(model, record, monkeypatch):
    monkeypatch.setattr(scored.shown, "show", lambda *_: None)
    session.SESSION.compiled[id(model)] = {"fitted": True}
    session.SESSION.trained_rows = {feeds.digest_row(row) for row in X[:90]}
    outputs = scored.predict(model, X)
    labels = outputs.argmax(axis=1) ^ (np.arange(N) % 2)  # every other one is wrong
    for _ in range(2):  # an accuracy and a report of the same answers share their pictures
        assert scored.scoring.compared(outputs.argmax(axis=1), labels, SITE)
    first, second = record.scores
    assert first["claimed"] == second["claimed"] == 0.5
    assert first["number"] == second["number"]
    assert first["exact_overlap"] == pytest.approx(0.1, abs=0.01)
    assert first["without_duplicates"] == pytest.approx(0.5, abs=0.01)
    np.testing.assert_array_equal(record.arrays[f"score{first['number']}_labels"], labels)
    assert f"score{first['number']}_x" in record.arrays


def test_renamed_labels_hold_for_a_comparison_too(model, record, monkeypatch):
    repair = {"kind": "remap-labels", "parameters": {"mapping": {"1": 0}, "part": "validation"}}
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions([repair]))
    session.SESSION.compiled[id(model)] = {"fitted": True}
    answers = scored.predict(model, X).argmax(axis=1)
    assert scored.scoring.compared(answers, answers + 1, SITE)
    (score,) = record.scores
    assert (score["claimed"], score["honest"]) == (0, 1)


def test_features_are_linked_to_the_pictures_they_come_from(record, monkeypatch, model):
    features = np.random.default_rng(0).random((60, 5)).astype(np.float32)
    thumbs = np.arange(60 * 4).reshape(60, 4)
    session.SESSION.pictures = [{"key": "predict0", "n": 60}]
    session.SESSION.predicted_rows = {
        "predict0": {feeds.digest_row(row): n for n, row in enumerate(features)}
    }
    record.arrays |= {"predict0_thumbs": thumbs, "predict0_thumb_rows": np.arange(60)}
    chosen = np.random.default_rng(1).permutation(60)[:20]
    scored.shown.link("fit0_train", feeds.Feed(x=features[chosen], y=None, planned=20))
    np.testing.assert_array_equal(record.arrays["fit0_train_thumbs"], thumbs[chosen])
    np.testing.assert_array_equal(record.arrays["fit0_train_thumb_rows"], np.arange(20))
    scored.shown.link("fit1_train", feeds.Feed(x=features[chosen] * 2, y=None, planned=20))
    assert "fit1_train_thumbs" not in record.arrays


def test_rows_that_were_not_remembered_may_have_been_trained_on_too(model):
    session.SESSION.trained_rows = {feeds.digest_row(row) for row in X[:90:2]}
    session.SESSION.share_remembered = 0.5
    entry = {}
    scored._compare_with_training(entry, X[:90], Y[:90], Y[:90])
    assert entry["trained_on"] == 1.0


def test_the_labels_that_came_with_the_pictures_go_with_their_features(record, monkeypatch):
    features = np.random.default_rng(0).random((60, 5)).astype(np.float32)
    monkeypatch.setattr(session.SESSION, "pictures", [{"key": "predict0", "n": 60}])
    rows = {feeds.digest_row(row): n for n, row in enumerate(features)}
    monkeypatch.setattr(session.SESSION, "predicted_rows", {"predict0": rows})
    monkeypatch.setattr(session.SESSION, "predicted_labels", {"predict0": np.arange(60) % 7})
    order = np.random.default_rng(1).permutation(60)
    np.testing.assert_array_equal(scored.shown.own_labels(features[order]), order % 7)
    assert scored.shown.own_labels(np.concatenate([features, features[:1] + 1])) is None
    monkeypatch.setattr(session.SESSION, "predicted_labels", {})
    assert scored.shown.own_labels(features) is None


def test_features_predicted_batch_by_batch_are_of_one_network(record, monkeypatch):
    features = np.random.default_rng(0).random((60, 5)).astype(np.float32)
    parts = [(f"predict{n}", features[20 * n : 20 * (n + 1)]) for n in range(3)]
    monkeypatch.setattr(session.SESSION, "pictures", [{"key": key, "n": 20} for key, _ in parts])
    known = {key: {feeds.digest_row(row): n for n, row in enumerate(rows)} for key, rows in parts}
    monkeypatch.setattr(session.SESSION, "predicted_rows", known)
    digests = [feeds.digest_row(row) for row in features]
    assert scored.shown.prediction_of(digests) is None
    assert scored.shown.one_of_batches(digests)["key"] == "predict2"
    others = [feeds.digest_row(row + 1) for row in features]
    assert scored.shown.one_of_batches(others) is None

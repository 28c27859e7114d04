"""What scikit-learn is asked for, noted where the script asks."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from regraft.diagnose.agent import feeds, interventions, session
from regraft.diagnose.agent.hooks import scikit_learn
from regraft.diagnose.replays import Replayer, Script
from regraft.diagnose.rule import Repair


class Splitter:
    def split(self, x, y=None, groups=None):
        yield from ((np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in (0, 1))


@pytest.mark.parametrize("by_group", [True, False])
def test_a_split_by_group_is_noted_and_made(script, record, by_group):
    kind = type("GroupKFold", (Splitter,), {})
    if by_group:
        scikit_learn._note_splitter(kind, "group-split")
    groups = np.array([0, 0, 1, 1, 1])
    names = script.run("parts = list(splitter.split(groups, None, groups))",
                       splitter=kind(), groups=groups)  # fmt: skip
    assert [len(held) for _, held in names["parts"]] == [2, 3]
    noted = [e["details"]["splitter"] for e in record.events if e["what"] == "group-split"]
    assert noted == (["GroupKFold"] if by_group else [])


def test_every_splitter_by_group_is_known_to_scikit_learn():
    from sklearn import model_selection

    assert all(hasattr(model_selection, name) for name in scikit_learn.BY_GROUP)


def test_folds_that_are_predicted_or_scored_in_one_call(script, record):
    module = SimpleNamespace(
        cross_val_predict=lambda estimator, X, y: np.eye(3)[y],
        cross_val_score=lambda estimator, X, y, scoring=None: np.array([0.5, 0.7]),
        _fit_and_score=None,
    )
    scikit_learn._hook_validation(module)
    y = np.arange(30) % 3
    script.run("given = m.cross_val_predict(1, x, y)\nright = (given.argmax(1) == y).mean()\n"
               "m.cross_val_score(1, x, y)\nm.cross_val_score(1, x, y, scoring='roc_auc')",
               m=module, x=y, y=y)  # fmt: skip
    assert [(s["claimed"], s["n"], s["site"]["line"]) for s in record.scores] == [
        (1.0, 30, 2), (pytest.approx(0.6), 30, 3)
    ]  # fmt: skip


def test_what_an_estimator_gives_each_class_is_an_answer(script, record):
    class Base:
        def __init_subclass__(cls, **_):
            """As scikit-learn's has one."""

    scikit_learn._remember_predictions(Base)

    class Estimator(Base):
        def predict_proba(self, x):
            return np.eye(3)[x]

    y = np.arange(30) % 3
    script.run("right = (e.predict_proba(x).argmax(1) == y).mean()", e=Estimator(), x=y, y=y)
    assert [s["claimed"] for s in record.scores] == [1.0]


def test_scaled_features_still_belong_to_their_pictures(script, record, monkeypatch):
    class Estimator:
        def __init_subclass__(cls, **_):
            """As scikit-learn's has one."""

    scikit_learn._remember_predictions(Estimator)

    class Scaler(Estimator):
        def transform(self, features):
            return features / 4

    features = np.random.default_rng(0).random((6, 3)).astype(np.float32)
    known = {feeds.digest_row(row): position for position, row in enumerate(features)}
    monkeypatch.setattr(session.SESSION, "predicted_rows", {"predict0": known})
    names = script.run("x = scaler.transform(features[::-1])\nx = (x - x.mean(axis=0)) / 2\nx -= 1",
                       scaler=Scaler(), features=features)  # fmt: skip
    assert record.failures == []
    found = session.SESSION.predicted_rows["predict0"]
    assert [found[feeds.digest_row(row)] for row in names["x"]] == [5, 4, 3, 2, 1, 0]


def test_rows_that_a_repair_leaves_out_are_not_fitted(monkeypatch):
    features, labels = np.arange(12).reshape(6, 2), np.arange(6)
    assert scikit_learn._without_dropped(features, (labels,)) == (features, (labels,))
    drop = interventions.Interventions([{"kind": "drop-rows", "parameters": {"rows": [0, 3]}}])
    monkeypatch.setattr(interventions, "ACTIVE", drop)
    left, (named, other) = scikit_learn._without_dropped(features, (labels, "more"))
    assert named.tolist() == [1, 2, 4, 5]
    assert np.array_equal(left, features[named])
    assert other == "more"


def test_a_shuffle_is_known_by_both_of_its_names(script, record, monkeypatch):
    def shuffle(*arrays):
        return [array[::-1] for array in arrays]

    package = SimpleNamespace(shuffle=shuffle)  # it had taken the name before
    monkeypatch.setitem(sys.modules, "sklearn.utils", package)
    scikit_learn._hook_shuffle(SimpleNamespace(shuffle=shuffle))
    names = script.run("z = u.shuffle(x)", u=package, x=np.arange(4))
    np.testing.assert_array_equal(names["z"], [[3, 2, 1, 0]])
    (event,) = [e for e in record.events if e["what"] == "sklearn.utils.shuffle"]
    assert event["details"]["alone"]


CODE = """
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rows = np.random.default_rng(0).normal(size=(400, 6)) + 4 * np.eye(6)[np.arange(400) * 4 // 400]
labels = np.arange(400) * 4 // 400
model = make_pipeline(StandardScaler(), LogisticRegression())
model.fit(rows[:300], y=labels[:300])
held_out = model.score(rows[300:], labels[300:])
held_out = accuracy_score(labels[300:], model.predict(rows[300:]))
trained = accuracy_score(labels[:300], model.predict(rows[:300]))
trained = model.score(rows[:300], labels[:300])
guess = accuracy_score(labels[300:], np.full(100, 3))
"""


@pytest.mark.slow
@pytest.mark.parametrize("repairs", [[], [Repair(kind="resplit")]], ids=["as it is", "split anew"])
def test_what_an_estimator_was_fitted_to_is_known_when_it_is_scored(tmp_path, repairs):
    script = tmp_path / "train.py"
    script.write_text(CODE)
    with Replayer(Script(path=script)) as replayer:
        replay = replayer.run(repairs, fit_seconds=20, seconds=120)
    assert replay.record["failures"] == []
    of_training = [score.get("trained_on", 0.0) for score in replay.scores]
    assert of_training == [0, 0, 1, 1, 0]
    assert [bool(score.get("is_aside")) for score in replay.scores] == [False] * 4 + [True]
    measured = [score["honest"] if repairs else score["claimed"] for score in replay.scores[:2]]
    assert min(measured) > 0.9 if repairs else measured == [0.0, 0.0]
    np.testing.assert_array_equal(np.unique(replay.arrays["estimator_raw_labels"]), [0, 1, 2])


def test_of_a_search_over_parameters_the_best_candidate_counts(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import numpy as np\n"
        "from sklearn.model_selection import GridSearchCV\n"
        "from sklearn.svm import SVC\n"
        "rng = np.random.default_rng(0)\n"
        "y = np.arange(120) % 2\n"
        "x = rng.normal(size=(120, 4)) + 3 * y[:, None]\n"
        "search = GridSearchCV(SVC(), {'gamma': [0.1, 1e6]}).fit(x, y)\n"
        "print(search.best_score_)\n"
    )
    with Replayer(Script(path=script)) as replayer:
        replay = replayer.run([], fit_seconds=20, seconds=120)
    told = [s for s in replay.scores if not s.get("is_aside")]
    assert len(told) == 1
    assert told[0]["site"]["line"] == 7
    assert told[0]["honest"] > 0.95


def test_rows_that_labels_and_answers_have():
    assert scikit_learn._n_rows([1, 2, 3], np.zeros(3)) == 3
    assert scikit_learn._n_rows([1, 2], np.zeros(3)) == 0
    assert scikit_learn._n_rows(object(), np.zeros(3)) == 0

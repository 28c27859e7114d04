"""Transformers of scikit-learn that are fitted twice by a script."""

import numpy as np
import pytest

from regraft.diagnose.agent import refitting

RNG = np.random.default_rng(0)
TRAIN, TEST = RNG.normal(size=(200, 6)) * [9, 7, 5, 3, 2, 1], RNG.normal(size=(80, 6)) + 2.0

TWICE = {
    "another object": """
        from sklearn.decomposition import PCA
        a = PCA(3).fit_transform(train)
        b = PCA(3).fit_transform(test)
    """,
    "the same object": """
        from sklearn.decomposition import PCA
        pca = PCA(3)
        a, b = (pca.fit_transform(rows) for rows in (train, test))
    """,
    "several steps": """
        from sklearn.decomposition import PCA
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        def reduced(rows):
            return make_pipeline(StandardScaler(), PCA(3)).fit_transform(X=rows)
        a = reduced(train)
        b = reduced(test)
    """,
}


@pytest.fixture
def run(script, record, monkeypatch):
    monkeypatch.setattr(refitting, "_KINDS", {})

    def again(source, *repairs):
        refitting._KINDS.clear()
        record.events.clear()
        names = script.run(source, *repairs, train=TRAIN, test=TEST)
        return names, [e for e in record.events if e["what"] == "fit_transform"]

    return again


@pytest.mark.parametrize("source", TWICE.values(), ids=TWICE)
def test_a_second_fit_is_noted_and_left_out(source, run, script):
    names, [event] = run(source)
    assert event["details"]["apart"] > 0.1
    assert not event["details"]["is_used_again"]
    repaired, _ = run(source, ("transform-only", script.at(event["site"]["line"])))
    np.testing.assert_array_equal(repaired["a"], names["a"])
    # a second fit moves the mean of its own rows to 0
    assert np.linalg.norm(repaired["b"].mean(axis=0)) > 10 * np.linalg.norm(names["b"].mean(axis=0))
    assert len(repaired["b"]) == len(TEST)


ONCE = {
    "transformed": """
        from sklearn.decomposition import PCA
        pca = PCA(3)
        a = pca.fit_transform(train)
        b = pca.transform(test)
    """,
    "other settings": """
        from sklearn.decomposition import PCA
        a, b = PCA(3).fit_transform(train), PCA(2).fit_transform(test)
    """,
    "a class of its own": """
        class Scaler:
            def fit_transform(self, x):
                return x
            transform = fit_transform
        a, b = Scaler().fit_transform(train), Scaler().fit_transform(test)
    """,
    "labels": """
        from sklearn.preprocessing import LabelEncoder
        a, b = LabelEncoder().fit_transform([1, 2]), LabelEncoder().fit_transform([2, 3, 4])
    """,
}


@pytest.mark.parametrize("source", ONCE.values(), ids=ONCE)
def test_other_uses_are_left_alone(source, run):
    assert run(source)[1] == []


def test_in_folds_transform_is_called_as_well(run):
    _, [event] = run("""
        from sklearn.preprocessing import StandardScaler
        for rows, held in ((train, test), (test, train)):
            scaler = StandardScaler()
            a = scaler.fit_transform(rows)
            b = scaler.transform(held)
    """)
    assert event["details"]["is_used_again"]


def test_two_of_a_kind_that_both_transform_later_are_told(run):
    _, events = run("""
        from sklearn.preprocessing import StandardScaler
        one, other = StandardScaler(), StandardScaler()
        a = one.fit_transform(train)
        b = other.fit_transform(test)
        one.transform(train), other.transform(test)
    """)
    assert all(event["details"]["is_used_again"] for event in events)


def test_lists_and_single_pictures_are_left_alone(run):
    names, events = run("""
        from sklearn.preprocessing import MinMaxScaler, MultiLabelBinarizer
        a = MultiLabelBinarizer().fit_transform([["a"], ["b", "c"]])
        b = MultiLabelBinarizer().fit_transform([["a", "b"], ["c"]])
        pictures = [MinMaxScaler().fit_transform(test[at:at + 6]) for at in range(0, 60, 6)]
    """)
    assert names["a"].shape == (2, 3)
    assert len(names["pictures"]) == 10
    assert events == []


def test_what_is_transformed_only_may_be_asked_what_it_was_fitted_to(run, script):
    names, _ = run(
        """
        from sklearn.decomposition import PCA
        a = PCA(3).fit_transform(train)
        second = PCA(3)
        b = second.fit_transform(test)
        share = second.explained_variance_ratio_
        """,
        ("transform-only", script.at(5)),
    )
    assert len(names["share"]) == 3

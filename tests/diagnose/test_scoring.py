"""Answers of a model or an estimator that a script compares with labels later."""

import numpy as np
import pytest

from regraft.diagnose.agent import scoring

SITE = {"file": "train.py", "line": 3, "code": "np.mean(answers == labels)"}
ANSWERS = {
    "numbers": np.array([0, 2, 1, 1, 0]),
    "names": np.array(["cat", "owl", "dog", "dog", "cat"]),
    "objects": np.array(["cat", "owl", "dog", "dog", "cat"], object),
}


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_what_an_estimator_answers_is_scored_where_it_is_compared(record, answers):
    scoring.answered(answers)
    labels = answers.copy()
    labels[0] = answers[1]
    assert scoring.compared(answers, labels, SITE)
    (score,) = record.scores
    assert score["claimed"] == pytest.approx(0.8)
    assert score["n"] == 5


def test_other_vectors_are_no_answers(record):
    scoring.answered(ANSWERS["names"])
    assert not scoring.compared(ANSWERS["names"][::-1], np.array(["owl", "owl", "dog"]), SITE)
    assert record.scores == []

import numpy as np
import pytest

from regraft.evaluate.scores import confusions, full_scores, short_scores

ANSWERS = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], np.float32)
LABELS = np.array([0, 1, 1])


def test_short_scores():
    scores = short_scores(ANSWERS, LABELS)
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["n"] == 3
    assert scores["interval"][0] < 2 / 3 < scores["interval"][1]


def test_full_scores_are_plain_data():
    import json

    scores = full_scores(ANSWERS, LABELS)
    assert json.loads(json.dumps(scores)) == scores
    assert scores["confusion_matrix"] == [[1, 0], [1, 1]]
    assert scores["per_class"][1]["recall"] == 0.5


def test_confusions_come_commonest_first():
    assert confusions([[5, 1, 0], [0, 5, 3], [0, 0, 5]], 5) == [(1, 2, 3), (0, 1, 1)]
    assert confusions([[5, 1], [3, 5]], 1) == [(1, 0, 3)]

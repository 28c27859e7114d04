"""What a script printed, against all that was computed in its replay."""

from types import SimpleNamespace

import numpy as np
import pytest

from regraft.diagnose.computed import printed_accuracy


def where(line):
    return {"file": "train.py", "line": line, "code": ""}


VALIDATED = {"by": "fit", "fit": 0, "site": where(8), "n": 400, "claimed": 0.731, "honest": 0.731,
             "trained_on": 0.0}  # fmt: skip
ON_TRAINING = {"by": "evaluate", "site": where(11), "n": 900, "claimed": 0.9931, "honest": 0.9931,
               "trained_on": 1.0}  # fmt: skip
TRAINED = {"number": 0, "site": where(8), "numbers": {"accuracy": 0.9876, "val_accuracy": 0.731}}


def printed(output, *scores):
    replay = SimpleNamespace(output=output, scores=list(scores), fits=[TRAINED], arrays={})
    return printed_accuracy(replay)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        pytest.param("test accuracy 0.9931", 11, id="evaluate-on-training-pictures"),
        pytest.param("validation accuracy 0.9876", 8, id="history-of-training"),
    ],
)
def test_accuracy_on_training_pictures_that_is_said_to_be_another(output, line):
    found = printed(output, VALIDATED, ON_TRAINING)
    assert found.honest == 0.731
    assert found.site.line == line
    assert "training" in found.is_really


@pytest.mark.parametrize("output", ["accuracy 0.9931", "test accuracy 0.7310"])
def test_what_is_said_rightly(output):
    assert printed(output, VALIDATED, ON_TRAINING).honest is None


def test_without_held_out_pictures_there_is_nothing_to_compare_with():
    assert printed("test accuracy 0.9931", ON_TRAINING).honest is None


@pytest.mark.parametrize(
    "output", ["Max validation accuracy: 0.9500", "PNEUMONIA accuracy: 0.7500"],
    ids=["best-epoch", "one-class"],
)  # fmt: skip
def test_what_a_script_may_well_call_accuracy(output):
    fit = TRAINED | {"numbers": {"accuracy": 0.95, "val_accuracy": 0.731, "recall": 0.75},
                     "earlier_accuracies": {"val_accuracy": [0.6, 0.95]}}  # fmt: skip
    score = VALIDATED | {"number": 0}
    arrays = {
        "score0_classes": np.array([0, 1, 1, 1, 0]),
        "score0_labels": np.array([0, 1, 1, 1, 1]),
    }
    replay = SimpleNamespace(output=output, scores=[score], fits=[fit], arrays=arrays)
    assert printed_accuracy(replay).honest is None

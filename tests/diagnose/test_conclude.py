"""What is said where a script was ended by us, not by itself."""

import pytest

from regraft.diagnose import conclude
from regraft.diagnose.replays import Replay, Script

ERROR = {"type": "WriteRefusedError", "message": "expected ...; received a write to 'best.h5'",
         "file": "train.py", "line": 9, "traceback": "..."}  # fmt: skip


def ended(*, refused, scores):
    record = {"error": ERROR, "refused": refused, "scores": scores}
    return Replay(status="failed", seconds=1, peak_bytes=0, record=record, arrays={}, output="")


def test_a_refused_write_after_the_score_is_a_note():
    replay = ended(refused=True, scores=[{"by": "fit"}])
    assert conclude._script_error(replay) is None
    (note,) = conclude._notes(replay, {})
    assert note == f"what follows a write was not run: {ERROR['message']}"


@pytest.mark.parametrize(("scores", "is_error"), [([{"by": "fit"}], False), ([], True)])
def test_a_script_that_goes_on_after_its_score_did_not_fail(scores, is_error):
    record = {"scores": scores, "fits": [{"sampled": False}]}
    replay = Replay(status="out of time", seconds=360, peak_bytes=0, record=record, arrays={},
                    output="")  # fmt: skip
    assert (conclude._script_error(replay) is not None) == is_error
    assert any("ended after 360 s" in note for note in conclude._notes(replay, {})) != is_error


@pytest.mark.parametrize(
    ("refused", "scores"), [(True, []), (False, [{"by": "fit"}])], ids=["before it", "not ours"]
)
def test_any_other_end_is_an_error(tmp_path, refused, scores):
    replay = ended(refused=refused, scores=scores)
    assert conclude._script_error(replay).line == 9
    assert conclude._notes(replay, {}) == ()
    diagnosis = conclude.not_trained(Script(path=tmp_path / "train.py"), replay, 1.0)
    assert diagnosis.error.message == ERROR["message"]


SAMPLED = {"sampled": True, "n_train_used": 60, "n_train": 600}
CHECK = {"type": "AssertionError", "message": "too low", "file": "train.py", "line": 9,
         "traceback": 'File "train.py", line 9, in <module>'}  # fmt: skip
ELSEWHERE = CHECK | {"traceback": CHECK["traceback"] + '\n  File "argparse.py", line 2, in exit'}
EXIT, FAULT = CHECK | {"type": "SystemExit"}, CHECK | {"type": "ValueError"}


@pytest.mark.parametrize(
    ("error", "facts", "is_error"),
    [
        pytest.param(CHECK, {"fits": [SAMPLED]}, False, id="on-a-sample"),
        pytest.param(EXIT, {"facts": {"predicted": [1]}}, False, id="exit"),
        pytest.param(CHECK, {"fits": [{"sampled": False}]}, True, id="on-all-pictures"),
        pytest.param(FAULT, {"fits": [SAMPLED]}, True, id="else"),
        pytest.param(ELSEWHERE, {"fits": [SAMPLED]}, True, id="in-a-library"),
    ],
)
def test_a_sample_may_fail_a_check_of_the_scripts_own(error, facts, is_error):
    record = {"error": error, "scores": [{"by": "evaluate"}], "fits": [], **facts}
    replay = Replay(status="failed", seconds=1, peak_bytes=0, record=record, arrays={}, output="")
    assert (conclude._script_error(replay) is not None) == is_error
    assert any("a check of the script" in note for note in conclude._notes(replay, {})) != is_error


@pytest.mark.parametrize(
    ("status", "events", "error"),
    [
        pytest.param("done", [], "NeverTrained", id="nothing-was-done"),
        pytest.param("done", [{"what": "predict"}], None, id="classified-by-hand"),
        pytest.param("out of time", [], "Stopped", id="slow-before-all"),
        pytest.param("out of time", [{"what": "predict"}], "Stopped", id="slow-prediction"),
        pytest.param(
            "out of time",
            [{"what": "custom-training-loop", "site": {"line": 4}}],
            None,
            id="slow-loop",
        ),
    ],
)
def test_a_script_without_fit_and_score(tmp_path, status, events, error):
    replay = Replay(status=status, seconds=60, peak_bytes=0, record={"events": events}, arrays={},
                    output="")  # fmt: skip
    found = conclude.not_trained(Script(path=tmp_path / "train.py"), replay, 1.0)
    assert (found.error and found.error.type) == error
    assert (conclude.NO_ACCURACY in found.notes) == (error is None)

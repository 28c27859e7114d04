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

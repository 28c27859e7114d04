"""What a run leaves behind can be read without running anything."""

import json

import ml_dtypes
import numpy as np
import pytest

from regraft.diagnose import replays
from regraft.diagnose.agent import ledger


@pytest.mark.parametrize(
    ("values", "plain"),
    [
        ([0, 1, 2], np.array([0, 1, 2])),
        (["cat", "dog"], np.array(["cat", "dog"])),
        ([None, 1], np.array(["None", "1"])),
        ([[1, 0], [0]], np.array(["[1, 0]", "[0]"])),
    ],
    ids=["numbers", "names", "a gap", "rows of several lengths"],
)
def test_columns_of_a_data_frame_are_not_pickled(tmp_path, values, plain):
    column = np.empty(len(values), object)
    column[:] = values
    recorder = ledger.Recorder(tmp_path)
    recorder.arrays["labels"] = column
    recorder.write()
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as held:
        np.testing.assert_array_equal(held["labels"], plain)
        assert held.files == ["labels"]


def test_other_arrays_stay_as_they_are():
    x = np.zeros((2, 3), np.float16)
    assert ledger.unpickled(x) is x


def test_short_floats_of_other_libraries_are_read_by_numpy_alone(tmp_path):
    recorder = ledger.Recorder(tmp_path)
    recorder.arrays["pictures"] = np.array([[0.5, -1.0]], ml_dtypes.bfloat16)
    recorder.write()
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as held:
        assert held["pictures"].dtype == np.float32
        np.testing.assert_array_equal(held["pictures"], [[0.5, -1.0]])


def test_a_loop_by_hand_is_known_before_it_ends(tmp_path):
    recorder = ledger.Recorder(tmp_path / "out")
    site = {"file": "train.py", "line": 7, "code": "with tf.GradientTape() as tape:"}
    for _ in range(3):
        recorder.event("custom-training-loop", site)
    (event,) = json.loads((tmp_path / "out" / "by_hand.json").read_text("utf-8"))
    assert event["site"] == site
    replay = replays.Replayer._collect({"status": "out of time"}, tmp_path / "out")
    assert replay.status == "out of time"
    assert replay.record["events"] == [event]

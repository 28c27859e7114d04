import errno
import json

import numpy as np
import pytest

from regraft.errors import ArtefactError, DiskSpaceError
from regraft.finetune.checkpoint import PLAN, TRAINING, Checkpoint, Evaluation, Progress, State

from .conftest import make_plan, make_start


def make_state(step=5):
    generator = np.random.default_rng(step)
    tensors = {"head/kernel": generator.normal(size=(3, 2)).astype(np.float32)}
    best = Evaluation(step=4, weights="averaged", accuracy=0.1 + 0.2, loss=1 / 3, training_loss=0.7)
    return State(
        progress=Progress(steps=20, step=step, seconds=1.5, best=best, history=[best]),
        learnt=tensors,
        average={name: values + 1 for name, values in tensors.items()},
        best=tensors,
        optimiser={"0": np.array(step, np.int64), "1": np.float32(1e-3)},
    )


def test_a_state_comes_back_to_the_bit(tmp_path):
    checkpoint, state = Checkpoint(tmp_path), make_state()
    checkpoint.save(state)
    again = checkpoint.load()
    assert again.progress == state.progress
    for part in ("learnt", "average", "best", "optimiser"):
        before, after = getattr(state, part), getattr(again, part)
        assert before.keys() == after.keys()
        for name in before:
            assert np.asarray(before[name]).dtype == after[name].dtype
            assert np.asarray(before[name]).shape == after[name].shape
            assert np.array_equal(before[name], after[name])


def test_the_plan_comes_back(tmp_path):
    plan, start = make_plan(), make_start(4)
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.read_plan() is None
    checkpoint.write_plan(plan, start, {"why": "so"})
    again, its_start, notes = checkpoint.read_plan()
    assert again == plan
    assert notes == {"why": "so"}
    assert np.array_equal(its_start.head.kernel, start.head.kernel)
    assert its_start.head.temperature == start.head.temperature
    assert np.array_equal(its_start.scale, start.scale)


def test_nothing_saved_is_none(tmp_path):
    assert Checkpoint(tmp_path).load() is None


def test_a_full_disk_leaves_the_last_good_state(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(make_state(step=5))

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(DiskSpaceError, match=r"room on the disk for .*received a full disk"):
            checkpoint.save(make_state(step=9))
    assert checkpoint.load().progress.step == 5
    assert [path.name for path in tmp_path.iterdir()] == [TRAINING]


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 40, b"not tensors"], ids=["empty", "zeros", "text"]
)
def test_a_damaged_state_is_named(tmp_path, content):
    (tmp_path / TRAINING).write_bytes(content)
    with pytest.raises(ArtefactError, match=TRAINING):
        Checkpoint(tmp_path).load()


def test_a_damaged_plan_is_named(tmp_path):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.write_plan(make_plan(), make_start(4), {})
    value = json.loads((tmp_path / PLAN).read_text())
    del value["plan"]["variety"]
    (tmp_path / PLAN).write_text(json.dumps(value))
    with pytest.raises(ArtefactError, match=PLAN):
        checkpoint.read_plan()

"""A real file system that fills up while a checkpoint is written."""

import resource

import numpy as np
import pytest

from regraft.errors import DiskSpaceError
from regraft.finetune.checkpoint import Checkpoint, Progress, State


def state(step, n_numbers):
    values = {"head/kernel": np.full((n_numbers,), step, np.float32)}
    return State(
        progress=Progress(steps=9, step=step), learnt=values, average=values, best=values,
        optimiser={},
    )  # fmt: skip


def test_the_last_good_checkpoint_stays(small_disk):
    checkpoint = Checkpoint(small_disk)
    checkpoint.save(state(1, 20_000))
    for step, n_numbers in ((2, 80_000), (3, 300_000)):
        with pytest.raises(DiskSpaceError, match="received a full disk"):
            checkpoint.save(state(step, n_numbers))
    again = checkpoint.load()
    assert again.progress.step == 1
    assert np.array_equal(again.learnt["head/kernel"], np.ones(20_000, np.float32))
    checkpoint.save(state(4, 20_000))
    assert checkpoint.load().progress.step == 4


@pytest.fixture
def small_files():
    """No file may grow beyond half a megabyte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_limit_on_files_is_named_and_the_last_good_checkpoint_stays(small_files, tmp_path):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(state(1, 20_000))
    with pytest.raises(DiskSpaceError, match="received a limit on the size of a file"):
        checkpoint.save(state(2, 300_000))
    assert checkpoint.load().progress.step == 1
    assert [path.name for path in tmp_path.iterdir()] == ["training.safetensors"]

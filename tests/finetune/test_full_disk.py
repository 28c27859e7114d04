"""A real file system that fills up while a checkpoint is written."""

import os
import subprocess

import numpy as np
import pytest

from regraft.errors import DiskSpaceError
from regraft.finetune.checkpoint import Checkpoint, Progress, State


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


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

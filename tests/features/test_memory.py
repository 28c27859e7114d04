"""Streaming leaves memory flat, whatever the number of pictures."""

from pathlib import Path

import numpy as np
import pytest

from regraft.data.source import ImageSet
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.features.stream import Job, compute

N = 60_000
MOST_GROWTH = 64e6  # bytes: a few batches and maps; the pictures alone have 47 MB, as floats 730 MB


class Drawn:
    """Pictures that are made when they are read."""

    uniform_shape = (28, 28, 1)

    def __len__(self):
        return N

    def read(self, rows, *, reduce_to=None):
        return np.random.default_rng(int(rows[0])).integers(
            0, 256, (len(rows), 28, 28, 1), np.uint8
        )


def resident():
    """Bytes in memory now that are not mapped files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    pytest.skip("needs /proc/self/status, as Linux has it")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_pictures(tiny):
    images = ImageSet(
        name="drawn", class_names=("0", "1"), labels=np.arange(N) % 2, pictures=Drawn()
    )
    job = Job(images=images, row=tiny, weights=None, size=64, batch_size=256)
    seen = []

    def progress(done, total):
        if done * 10 // total > len(seen):
            seen.append(resident())

    compute(job, TensorFlow(), {("early", 2): lambda rows: None}, progress)
    assert seen[-1] - seen[0] < MOST_GROWTH

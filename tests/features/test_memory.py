"""Streaming leaves memory flat, whatever the number of pictures."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.source import ImageSet
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.features.stream import Job, compute

N = 60_000
MOST_GROWTH = 24e6  # bytes: a few batches and maps; the pictures have 47 MB, as floats 730 MB


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
    raise OSError("no RssAnon in /proc/self/status")


def residents_of_a_stream():
    """Bytes in memory at each tenth of the pictures."""
    images = ImageSet(
        name="drawn", class_names=("0", "1"), labels=np.arange(N) % 2, pictures=Drawn()
    )
    job = Job(images=images, row=get("mobilenet_v2"), weights=None, size=32, batch_size=256)
    seen = []

    def progress(done, total):
        if done * 10 // total > len(seen):
            seen.append(resident())

    compute(job, TensorFlow(), {("expanded_conv_project_BN", 2): lambda rows: None}, progress)
    return seen


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs /proc/self/status, as Linux has it"
)
def test_memory_does_not_grow_with_the_pictures():
    # In a process of its own: what other tests have left behind moves this one's memory too.
    run = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True)
    seen = json.loads(run.stdout)
    assert len(seen) == 10
    assert seen[-1] - seen[0] < MOST_GROWTH


if __name__ == "__main__":
    print(json.dumps(residents_of_a_stream()))

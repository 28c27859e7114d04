"""Resident memory while many pictures are streamed from a generator.

    .venv/bin/python benchmarks/memory.py [--pictures 1000000]

The pictures (28 x 28, gray) are drawn when they are read and never all exist; features of a cheap
plan go to a file, as the cache keeps them. Writes benchmarks/results/memory.json.
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path

import numpy as np

from record import timed, write


class Drawn:
    """Pictures that are made when they are read."""

    uniform_shape = (28, 28, 1)

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    def read(self, rows, *, reduce_to=None):  # noqa: ARG002
        return np.random.default_rng(int(rows[0])).integers(
            0, 256, (len(rows), 28, 28, 1), np.uint8
        )


def resident() -> int:
    """Bytes of this process that are in memory now, without mapped files."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1_000_000)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from regraft.backbones.table import get
    from regraft.backbones.weights import find_weights
    from regraft.data.source import ImageSet
    from regraft.features.cache import default_folder
    from regraft.features.runtimes.choose import choose_runtime
    from regraft.features.stream import Job, compute, default_batch_size

    n = options.pictures
    row = get("efficientnet_lite0")
    images = ImageSet(
        name="drawn", class_names=("0", "1"), labels=np.arange(n) % 2, pictures=Drawn(n)
    )
    job = Job(
        images=images,
        row=row,
        weights=find_weights(row),
        size=32,
        batch_size=default_batch_size(32),
    )
    request = ("block2b_add", 2)
    seen = []

    def progress(done: int, total: int) -> None:  # noqa: ARG001
        if done * 10 // n > len(seen) - 1:
            seen.append({"pictures": done, "resident_bytes": resident()})

    with tempfile.TemporaryFile() as file:
        seconds = timed(
            lambda: compute(
                job,
                choose_runtime("auto", folder=default_folder()),
                {request: lambda rows: file.write(np.ascontiguousarray(rows).data)},
                progress,
            )
        )
        n_bytes = file.tell()
    row = {
        "pictures": n,
        "feature_bytes": n_bytes,
        "seconds": round(seconds, 1),
        "images_per_second": round(n / seconds),
        "resident": seen,
        "growth_bytes": seen[-1]["resident_bytes"] - seen[1]["resident_bytes"],
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print({key: value for key, value in row.items() if key != "resident"})
    write("memory", [row], arguments=vars(options))


if __name__ == "__main__":
    main()

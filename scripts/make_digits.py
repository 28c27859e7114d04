"""Draw the bundled `digits` from MNIST: python scripts/make_digits.py PATH/TO/mnist.npz.

5,000 training and 1,000 test pictures, stratified and seeded; the training pictures come from
the 60,000 of MNIST, the test pictures from its 10,000.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from regraft.data.arrays import from_npz
from regraft.data.sample import limited
from regraft.data.source import TEST, TRAIN
from regraft.storage import atomic_file

N_PICTURES = {TRAIN: 5_000, TEST: 1_000}
SEED = 0
TARGET = Path(__file__).parents[1] / "src" / "regraft" / "data" / "bundled" / "digits.npz"


def main() -> None:
    """Write `TARGET`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path, help="mnist.npz as Keras publishes it")
    mnist = from_npz(parser.parse_args().mnist)

    arrays: dict[str, Any] = {}
    for part, n_pictures in N_PICTURES.items():
        whole = mnist.take(np.flatnonzero(mnist.given_split == part))
        drawn = limited(whole, limit=n_pictures, seed=SEED)
        name = "train" if part == TRAIN else "test"
        arrays[f"x_{name}"] = np.asarray(drawn.read(np.arange(len(drawn))))[..., 0]  # (n, 28, 28)
        arrays[f"y_{name}"] = drawn.labels.astype(np.uint8)
    with atomic_file(TARGET) as file:
        np.savez_compressed(file, **arrays)


if __name__ == "__main__":
    main()

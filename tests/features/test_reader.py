import numpy as np
import pytest

from regraft.adapt.views import View, seen
from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.deadline import Deadline
from regraft.features.extract import extract
from regraft.features.reader import Reader
from regraft.features.runtimes.tensorflow import TensorFlow

ROW = get("efficientnet_lite0")
REQUESTS = (("block2a_project_bn", 2), ("block1a_project_bn", 4))
N = 300  # more than a batch
PLAN = {"row": ROW, "weights": None, "size": 32, "requests": REQUESTS}


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (N, 12, 12), np.uint8)


@pytest.fixture(scope="module")
def reader(pictures):
    return Reader.of(open_data((pictures, np.arange(N) % 2)), runtime=TensorFlow(), **PLAN)


def expected(pictures):
    n = len(pictures)
    images = open_data((np.tile(pictures, (2, 1, 1)), np.repeat([0, 1], n)))
    features = extract(images, runtime="tensorflow", cache=None, **PLAN)
    return features.of(REQUESTS, np.arange(n))


def test_rows_are_read_as_extract_reads_them(reader, pictures):
    rows = np.array([5, 280, 5, 0])
    read = reader.read(rows, None, Deadline(300))
    np.testing.assert_allclose(read, expected(pictures)[rows], rtol=1e-4, atol=1e-4)


def test_each_picture_is_seen_in_its_view(reader, pictures):
    views = [View(), View(mirrored=True), View(down=0.1, degrees=10)]
    rows = np.array([7, 7, 290])
    moved = np.stack(
        [seen(pictures[row][..., None], view) for row, view in zip(rows, views, strict=True)]
    )
    read = reader.read(rows, views, Deadline(300))
    np.testing.assert_allclose(read, expected(moved[..., 0]), rtol=1e-4, atol=1e-4)
    assert not np.allclose(read[0], read[1])


def test_time_that_is_up_leaves_whole_batches(reader):
    assert len(reader.read(np.arange(N), None, Deadline(0))) == 256

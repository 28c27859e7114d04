import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.deadline import Deadline
from regraft.features.extract import extract
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.features.within import extract_within

ROW = get("efficientnet_lite0")
JOB = {"row": ROW, "weights": None, "size": 32, "requests": [("block2a_project_bn", 2)]}


@pytest.fixture(scope="module")
def images():
    pictures = np.random.default_rng(0).integers(0, 256, (600, 12, 12), np.uint8)
    return open_data((pictures, np.arange(600) % 2))


def read(images, seconds, **options):
    return extract_within(Deadline(seconds), images, runtime=TensorFlow(), **JOB, **options)


def test_with_time_enough_it_is_extract(images):
    expected = extract(images, runtime="tensorflow", cache=None, **JOB)
    received = read(images, 300)
    assert np.array_equal(received["block2a_project_bn", 2], expected["block2a_project_bn", 2])


@pytest.mark.parametrize(
    ("options", "n"),
    [
        pytest.param({}, 256, id="one-batch-in-any-case"),
        pytest.param({"at_least": 300}, 512, id="as-many-as-needed"),
    ],
)
def test_time_that_is_up_ends_it_between_batches(images, options, n):
    told = []
    features = read(images, 0, progress=lambda done, total: told.append((done, total)), **options)
    assert len(features["block2a_project_bn", 2]) == n
    assert told[-1] == (n, 600)

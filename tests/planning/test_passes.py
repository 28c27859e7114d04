import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.deadline import Deadline
from regraft.errors import RuntimeMismatchError
from regraft.features.runtimes.choose import RUNTIMES
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.planning.passes import Readings, _pace

REQUESTS = [("block1a_project_bn", 1)]


class Wrong(TensorFlow):
    name = "openvino"

    def load(self, model, calibration):
        run = super().load(model, calibration)
        return lambda batch: [features * 1.001 for features in run(batch)]


@pytest.mark.parametrize("is_named", [True, False])
def test_a_runtime_is_exchanged_only_if_nobody_named_it(is_named):
    pictures = np.random.default_rng(0).integers(0, 256, (8, 12, 12), np.uint8)
    probe = open_data((pictures, np.arange(8) % 2))
    readings = Readings(row=get("efficientnet_lite0"), weights=None, size=32, is_named=is_named)
    job = (probe, 8, REQUESTS, Wrong(), Deadline(300))
    if is_named:
        with pytest.raises(RuntimeMismatchError):
            readings.extend(*job)
    else:
        readings.extend(*job)
        assert readings.is_loaded(RUNTIMES["tensorflow"])


def test_the_pace_is_that_of_the_median_batch():
    """Batches of ten, a second each; the first loads for four more, and one is interrupted."""
    marks = [(0, 0.0), (10, 5.0), (20, 6.0), (30, 26.0), (40, 27.0)]
    pace = _pace(marks, macs=7, before=None)
    assert (pace.images_per_second, pace.load_seconds, pace.macs) == (10.0, 4.0, 7)


def test_of_a_single_batch_all_counts_as_loading_and_as_pace():
    pace = _pace([(0, 0.0), (10, 5.0)], macs=7, before=None)
    assert (pace.images_per_second, pace.load_seconds) == (2.0, 5.0)

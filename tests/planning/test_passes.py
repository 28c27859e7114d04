import numpy as np
import pytest

from regraft.backbones.table import get
from regraft.data.open import open_data
from regraft.deadline import Deadline
from regraft.errors import RuntimeMismatchError
from regraft.features.runtimes.choose import RUNTIMES
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.planning.passes import Readings

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

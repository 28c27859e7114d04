import numpy as np
import pytest

from regraft.features.graph import build_extractor
from regraft.features.runtimes.choose import LARGEST_DIFFERENCE
from regraft.features.runtimes.onnxruntime import OnnxRuntime
from regraft.features.runtimes.probe import largest_difference
from regraft.features.runtimes.tensorflow import TensorFlow

pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
pytest.importorskip("tf2onnx", reason="needs the extra `onnx`")


@pytest.mark.slow
def test_it_computes_what_tensorflow_computes(tiny):
    model = build_extractor(
        tiny, size=32, requests=(("early", 2), ("late", 4)), weights=None,
        picture_shape=(28, 28, 1), batch_size=8,
    )  # fmt: skip
    pictures = np.random.default_rng(0).integers(0, 256, (8, 28, 28, 1), np.uint8)
    received = OnnxRuntime().load(model)(pictures)
    off = largest_difference(TensorFlow().load(model)(pictures), received)
    assert off < LARGEST_DIFFERENCE

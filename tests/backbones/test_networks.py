"""What the table says of a network, against the network that Keras builds."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from regraft.backbones.row import Backbone
from regraft.backbones.table import BACKBONES, EFFICIENTNET_LITE0

MEASURE = Path(__file__).parents[2] / "scripts" / "measure_taps.py"
QUICK = ("vgg16", "mobilenet_v2", "mobilenet_v3_small", "xception")  # the others take minutes


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("measure_taps", MEASURE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published_network(row: Backbone, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[str, str]]:
    """The network as Keras builds it for its published weights, and the file it asks for."""
    import keras
    from keras.src.utils import file_utils

    asked = {}

    def get_file(file_name: str, url: str, cache_subdir: str, file_hash: str | None = None) -> str:
        asked.update(file_name=file_name, url=url, hash=file_hash or "", folder=cache_subdir)
        return file_name

    monkeypatch.setattr(file_utils, "get_file", get_file)
    monkeypatch.setattr(keras.Model, "load_weights", lambda *_, **__: None)
    builder = getattr(keras.applications, row.builder.split(":")[1])
    size = row.default_size
    return builder(include_top=False, weights="imagenet", input_shape=(size, size, 3)), asked


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name, marks=() if row.name in QUICK else pytest.mark.slow)
        for row in BACKBONES
        if row is not EFFICIENTNET_LITE0
    ],
)
def test_the_row_is_what_keras_builds(
    row: Backbone, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked = published_network(row, monkeypatch)

    assert asked == {
        "file_name": row.weights.file_name,
        "url": row.weights.url,
        "hash": row.weights.hash.partition(":")[2],
        "folder": "models",
    }
    assert script.measure(row, model) == row.taps
    rescales = {type(layer).__name__ for layer in model.layers[:3]} & {"Rescaling", "Normalization"}
    assert bool(rescales) == row.pixels.rescales_inside


def test_the_taps_of_lite_are_what_is_built(script: ModuleType) -> None:
    row = EFFICIENTNET_LITE0

    assert script.measure(row, row.build(row.default_size)) == row.taps

"""The backbones: every network of `keras.applications` with ImageNet weights, and our own."""

from regraft.adapt.pixels import LITE
from regraft.backbones.keras_rows import KERAS_ROWS
from regraft.backbones.measured_taps import measured_taps
from regraft.backbones.row import Backbone, WeightFile
from regraft.errors import InvalidArgumentError, expected_received, nearest

__all__ = ["BACKBONES", "EFFICIENTNET_LITE0", "Backbone", "WeightFile", "get", "names"]

EFFICIENTNET_LITE0 = Backbone(
    name="efficientnet_lite0",
    builder="regraft.backbones.efficientnet_lite:EfficientNetLite0",
    weights=WeightFile(
        file_name="efficientnet_lite0.safetensors",
        url="",  # it ships with the package
        hash="sha256:ef77f3686cbeac20c561afca7738423e3200a21c989a6e7cbc581d4c560957e1",
    ),
    licence="Apache-2.0",
    citation="Tan and Le 2019, https://arxiv.org/abs/1905.11946",
    pixels=LITE,
    smallest_size=32,
    default_size=224,
    taps=measured_taps("efficientnet_lite0"),
)

BACKBONES: tuple[Backbone, ...] = (EFFICIENTNET_LITE0, *KERAS_ROWS)

_BY_NAME = {row.name: row for row in BACKBONES}


def get(name: str) -> Backbone:
    """The row of that name.

    Raises:
        InvalidArgumentError: If there is none; the message has the nearest names.
    """
    if name not in _BY_NAME:
        raise InvalidArgumentError(
            expected_received("the name of a backbone", repr(name), nearest(name, _BY_NAME))
        )
    return _BY_NAME[name]


def names() -> tuple[str, ...]:
    """All names, in the order of the table."""
    return tuple(_BY_NAME)

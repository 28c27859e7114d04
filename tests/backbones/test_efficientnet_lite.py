"""EfficientNet-Lite0 against its source: a small oracle of our own, and the large one where it is.

`lite_logits.npz` holds the logits of the float32 conversion for `pictures()`, computed once:

    python scripts/convert_efficientnet_lite0.py imagenet.npz lite32.safetensors --float32
    python tests/backbones/test_efficientnet_lite.py lite32.safetensors
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from regraft.adapt.pixels import LITE, normalise
from regraft.backbones.efficientnet_lite import EfficientNetLite0
from regraft.errors import InvalidArgumentError

LOGITS = Path(__file__).parent / "lite_logits.npz"
CONVERT = Path(__file__).parents[2] / "scripts" / "convert_efficientnet_lite0.py"


def pictures() -> np.ndarray:
    """Gradients, rings, stripes and a chequerboard: uint8 (4, 224, 224, 3)."""
    rows, columns = np.mgrid[0:224, 0:224]
    gradients = np.stack([rows, columns, 223 - rows], axis=-1)
    radius = np.sqrt((rows - 90.0) ** 2 + (columns - 120.0) ** 2)
    rings = (127 + 100 * np.sin(radius[..., None] / np.array([7.0, 9.0, 13.0]))).round()
    is_light = ((rows + 2 * columns) // 24 % 2)[..., None] == 0
    stripes = np.where(is_light, [220, 180, 40], [30, 60, 90])
    squares = (rows // 28 + columns // 28) % 2 * 180 + 30
    chequered = np.stack([squares, 255 - squares, columns], axis=-1)
    return np.stack([gradients, rings, stripes, chequered]).astype(np.uint8)


def relative_errors(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Distance over length, for each picture."""
    return np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)


def logits_of(weights: str | Path, of: np.ndarray) -> np.ndarray:
    model = EfficientNetLite0(weights=weights, classifier_activation=None)
    return np.asarray(model(normalise(of, LITE), training=False))


def conversion() -> ModuleType:
    spec = importlib.util.spec_from_file_location("convert_efficientnet_lite0", CONVERT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_weights_reproduce_the_float32_logits() -> None:
    with np.load(LOGITS) as file:
        expected = file["logits"]

    found = logits_of("imagenet", pictures())

    assert relative_errors(found, expected).max() < 1e-3
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("float32", "bound"), [(True, 1e-5), (False, 1e-3)], ids=["float32", "as shipped"]
)
def test_the_source_is_reproduced_on_photographs(
    float32: bool, bound: float, shared_offline: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import save_file

    weights: str | Path = "imagenet"
    if float32:
        weights = tmp_path / "float32.safetensors"
        with np.load(shared_offline / "efficientnet_lite0" / "imagenet.npz") as source:
            save_file(conversion().renamed(dict(source)), weights)
    with np.load(shared_offline / "efficientnet_lite0" / "oracle.npz") as oracle:
        photographs, expected = oracle["pictures"], oracle["logits"]

    found = logits_of(weights, photographs)

    assert relative_errors(found, expected).max() <= bound  # of every picture, not on average
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.shared
def test_the_shipped_file_is_what_the_script_makes(shared_offline: Path) -> None:
    from safetensors.numpy import load_file

    from regraft.backbones.efficientnet_lite import BUNDLED_WEIGHTS

    script = conversion()
    with np.load(shared_offline / "efficientnet_lite0" / "imagenet.npz") as source:
        made = script.rounded(script.renamed(dict(source)))
    shipped = load_file(BUNDLED_WEIGHTS)

    assert made.keys() == shipped.keys()
    assert all(made[name].dtype == shipped[name].dtype for name in made)
    for name in made:
        np.testing.assert_allclose(made[name], shipped[name], rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("pooling", "shape"),
    [(None, (None, 2, 3, 1280)), ("avg", (None, 1280)), ("max", (None, 1280))],
    ids=["map", "avg", "max"],
)
def test_without_the_top_it_gives_a_map_or_its_pooled_form(
    pooling: str | None, shape: tuple[int | None, ...]
) -> None:
    model = EfficientNetLite0(
        include_top=False, weights=None, input_shape=(64, 96, 3), pooling=pooling
    )

    assert model.output.shape == shape


def test_it_can_be_built_on_a_tensor() -> None:
    import keras

    pixels = keras.Input((64, 64, 3))
    model = EfficientNetLite0(
        include_top=False, weights=None, input_tensor=keras.layers.Rescaling(1 / 128)(pixels)
    )

    assert model.inputs[0] is pixels
    assert model.output.shape == (None, 2, 2, 1280)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": 10}, "received classes=10"),
        ({"include_top": False, "pooling": "mean"}, "received 'mean'"),
        ({"include_top": False, "input_shape": (16, 64, 3)}, "at least 32"),
    ],
    ids=["classes with the ImageNet top", "unknown pooling", "too small"],
)
def test_contradicting_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        EfficientNetLite0(**arguments)


if __name__ == "__main__":
    np.savez_compressed(LOGITS, logits=logits_of(sys.argv[1], pictures()))

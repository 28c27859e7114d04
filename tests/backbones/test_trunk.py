from pathlib import Path

import numpy as np
import pytest

from regraft.adapt.pixels import normalise
from regraft.backbones.naming import layers_by_name
from regraft.backbones.table import get
from regraft.backbones.trunk import build_trunk
from regraft.backbones.weights import Weights, find_weights
from regraft.errors import InvalidArgumentError


def pictures(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)


def maps_of(model, pixels: np.ndarray) -> list[np.ndarray]:
    """The outputs, in a list also where there is one."""
    found = model(pixels, training=False)
    return [np.asarray(x) for x in (found if isinstance(found, list) else [found])]


def test_a_trunk_equals_the_same_layers_of_the_whole_network() -> None:
    import keras

    from regraft.backbones.efficientnet_lite import EfficientNetLite0

    row, taps = get("efficientnet_lite0"), ("block5c_add", "block2b_add")
    pixels = normalise(pictures(64), row.pixels)
    whole = EfficientNetLite0(include_top=False, input_shape=(64, 64, 3))
    expected = keras.Model(whole.input, [whole.get_layer(tap).output for tap in taps])

    trunk = build_trunk(row, size=64, taps=taps, weights=find_weights(row))

    for found, wanted in zip(maps_of(trunk, pixels), maps_of(expected, pixels), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-5)
    assert "block6a_expand_conv" not in {layer.name for layer in trunk.layers}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "builder", "size", "taps"),
    [
        ("vgg16", "VGG16", 32, ("block3_pool", "block4_pool")),
        ("mobilenet_v2", "MobileNetV2", 96, ("block_5_add", "block_12_add", "out_relu")),
    ],
)
def test_a_trunk_equals_the_same_layers_of_keras_with_real_weights(
    name: str, builder: str, size: int, taps: tuple[str, ...], shared_offline: Path
) -> None:
    import keras

    row = get(name)
    weights = find_weights(row, path=shared_offline / "keras_home" / "models")
    pixels = normalise(pictures(size), row.pixels)
    whole = getattr(keras.applications, builder)(
        include_top=False, weights=weights.path, input_shape=(size, size, 3)
    )
    expected = keras.Model(whole.input, [whole.get_layer(tap).output for tap in taps])

    trunk = build_trunk(row, size=size, taps=taps, weights=weights)

    for found, wanted in zip(maps_of(trunk, pixels), maps_of(expected, pixels), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("name", "taps"),
    [
        pytest.param(name, taps, id=name, marks=marks)
        for name, taps, marks in (
            ("mobilenet_v3_small", ("expanded_conv_5_add", "activation_17"), ()),
            ("xception", ("add_3", "block14_sepconv2_act"), pytest.mark.slow),
            ("convnext_tiny", ("add_8", "layer_normalization"), pytest.mark.slow),
            ("nasnet_mobile", ("normal_concat_5", "activation_187"), pytest.mark.slow),
            ("inception_resnet_v2", ("custom_scale_layer_39", "conv_7b_ac"), pytest.mark.slow),
        )
    ],
)
def test_networks_with_nameless_layers_are_filled_and_cut_right(
    name: str, taps: tuple[str, ...], tmp_path: Path, write_hdf5
) -> None:
    import keras

    row = get(name)
    pixels = normalise(pictures(row.smallest_size), row.pixels)
    row.build(row.smallest_size)  # so that Keras counts on from somewhere else
    whole = row.build(row.smallest_size)
    path = write_hdf5(whole, tmp_path / "weights.h5")
    layers = layers_by_name(whole)
    expected = keras.Model(whole.input, [layers[tap].output for tap in taps])

    trunk = build_trunk(
        row,
        size=row.smallest_size,
        taps=taps,
        weights=Weights(path=path, origin="custom weights", sha256=""),
    )

    for found, wanted in zip(maps_of(trunk, pixels), maps_of(expected, pixels), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6 * np.abs(wanted).max())


@pytest.mark.slow
def test_efficientnet_divides_its_input_as_keras_does_with_published_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_hdf5
) -> None:
    from keras.src.applications import efficientnet

    row, path = get("efficientnet_b0"), tmp_path / "efficientnetb0_notop.h5"
    source = build_trunk(row, size=32, taps=("top_activation",), weights=None)
    normalisation = layers_by_name(source)["normalization"]
    normalisation.adapt_mean.assign([0.485, 0.456, 0.406])
    normalisation.adapt_variance.assign([0.229, 0.224, 0.225])
    write_hdf5(source, path)
    monkeypatch.setattr(efficientnet.file_utils, "get_file", lambda *_, **__: str(path))
    whole = efficientnet.EfficientNetB0(
        include_top=False, weights="imagenet", input_shape=(32, 32, 3)
    )
    pixels = pictures(32).astype(np.float32)

    trunk = build_trunk(
        row,
        size=32,
        taps=("top_activation",),
        weights=Weights(path=path, origin="custom weights", sha256=""),
    )

    expected = maps_of(whole, pixels)[0]
    np.testing.assert_allclose(
        maps_of(trunk, pixels)[0], expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
    )


def test_random_weights_are_the_same_every_time() -> None:
    arguments = {"size": 32, "taps": ("block3b_add",), "weights": None}
    row, pixels = get("efficientnet_lite0"), normalise(pictures(32), get("vgg16").pixels)

    first, second = (maps_of(build_trunk(row, **arguments), pixels)[0] for _ in range(2))

    np.testing.assert_array_equal(first, second)
    assert first.std() > 0.01  # the signal does not die


@pytest.mark.parametrize(
    ("size", "taps", "message"),
    [
        (16, ("block3_pool",), "at least 32 for vgg16"),
        (32, ("block3_poll",), "Did you mean block3_pool"),
        (32, (), "received none"),
        (32, ("block3_pool", "block3_pool"), "one or more different taps"),
    ],
    ids=["too small", "unknown tap", "no tap", "the same tap twice"],
)
def test_impossible_trunks_are_refused(size: int, taps: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        build_trunk(get("vgg16"), size=size, taps=taps, weights=None)


@pytest.mark.shared
def test_weights_of_another_network_are_refused(shared_offline: Path) -> None:
    models = shared_offline / "keras_home" / "models"
    weights = find_weights(get("vgg16"), path=models)

    with pytest.raises(InvalidArgumentError, match="expected weights of this network"):
        build_trunk(get("mobilenet_v2"), size=32, taps=("out_relu",), weights=weights)

import importlib
import re

import numpy as np
import pytest

from regraft.adapt.pixels import normalise
from regraft.backbones.table import BACKBONES, EFFICIENTNET_LITE0, Backbone, get
from regraft.errors import InvalidArgumentError

KERAS_ROWS = [row for row in BACKBONES if row.builder.startswith("keras.applications:")]


def test_names_are_unique() -> None:
    assert len({row.name for row in BACKBONES}) == len(BACKBONES)


def test_every_network_of_keras_has_a_row() -> None:
    from keras import applications

    builders = {name for name in vars(applications) if callable(getattr(applications, name))}

    assert {row.builder.split(":")[1] for row in KERAS_ROWS} == builders


def preprocess_input_of(row: Backbone):
    """Keras's own, from the module of the family (`keras.applications.resnet_v2` ...)."""
    family = re.sub(r"_(mobile|large|small|tiny|base|xlarge|[bsml]\d?)$", "", row.name)
    if not family.startswith("vgg"):
        family = re.sub(r"(?<=net)\d+", "", family)  # resnet50_v2, densenet121
    return importlib.import_module(f"keras.applications.{family}").preprocess_input


@pytest.mark.parametrize("row", KERAS_ROWS, ids=lambda row: row.name)
def test_the_pixel_convention_is_that_of_preprocess_input(row: Backbone) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3)).astype(np.float32)
    pixels[0, 0, :2] = [[0, 0, 0], [255, 255, 255]]

    expected = preprocess_input_of(row)(pixels.copy())  # it writes over its input

    np.testing.assert_allclose(normalise(pixels, row.pixels), expected, rtol=1e-5, atol=1e-5)
    assert row.pixels.rescales_inside == np.array_equal(expected, pixels)


def test_the_pixel_convention_of_lite_is_that_of_its_source() -> None:
    pixels = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)

    found = normalise(pixels, get("efficientnet_lite0").pixels)

    np.testing.assert_allclose(found, (pixels - 127.0) / 128, atol=1e-6)


@pytest.mark.parametrize("row", BACKBONES, ids=lambda row: row.name)
def test_taps_go_deeper(row: Backbone) -> None:
    costs = [tap.macs_per_pixel for tap in row.taps]

    assert len({tap.name for tap in row.taps}) == len(row.taps)
    assert costs == sorted(costs)
    assert row.default_tap == row.taps[-1].name
    assert row.taps[-1].stride == 32
    assert all(tap.channels > 0 for tap in row.taps)


@pytest.mark.parametrize("row", BACKBONES, ids=lambda row: row.name)
def test_hashes_and_addresses_are_well_formed(row: Backbone) -> None:
    assert re.fullmatch(r"(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})?", row.weights.hash)
    assert row is EFFICIENTNET_LITE0 or row.weights.url.startswith(
        "https://storage.googleapis.com/"
    )
    assert row.licence
    assert row.citation


def test_an_unknown_backbone_gets_the_nearest_names() -> None:
    with pytest.raises(InvalidArgumentError, match=r"received 'resnet_50'.*Did you mean.*resnet50"):
        get("resnet_50")


def test_an_unknown_tap_gets_the_nearest_names() -> None:
    with pytest.raises(InvalidArgumentError, match=r"a tap of vgg16.*Did you mean block3_pool"):
        get("vgg16").tap("block3_poll")


def test_a_size_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="at most 2048; received 100000"):
        get("vgg16").check_size(100_000)


def test_a_size_below_the_smallest_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="at least 71 for xception; received 64"):
        get("xception").check_size(64)


def test_costs_grow_with_the_picture() -> None:
    row = get("vgg16")

    assert row.macs("block3_pool", 64) == 4 * row.macs("block3_pool", 32)
    assert row.deepest(("block4_pool", "block2_pool")).name == "block4_pool"

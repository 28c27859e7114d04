"""Repairs of pixels at the model's input reach the part they are meant for."""

import numpy as np
import pytest

from regraft.diagnose.agent import anatomy, boundary, feeds, interventions
from regraft.diagnose.agent.hooks import backbones
from regraft.diagnose.conventions import BGR, Affine, conversion
from regraft.diagnose.repairs import convert_pixels

TO_SIGNED = convert_pixels(
    conversion("unit", "signed"), part="validation", boundary="model", only_span=(0.0, 1.0)
)


def converted(x, part, monkeypatch):
    wanted = [{"kind": TO_SIGNED.kind, "parameters": dict(TO_SIGNED.parameters)}]
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions(wanted))
    feed = feeds.Feed(x=x, y=None, planned=len(x))
    boundary.convert_feed(feed, part=part)
    return feed.x


@pytest.mark.parametrize("by_tensor", [True, False])
def test_what_comes_before_a_network_is_not_taken_for_it(by_tensor, monkeypatch):
    import keras

    monkeypatch.setattr(anatomy, "BASES", [])
    pictures = keras.Input((32, 32, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(pictures)
    given = {"input_tensor": scaled} if by_tensor else {"input_shape": (32, 32, 3)}
    base = keras.applications.MobileNetV2(weights=None, include_top=False, alpha=0.35, **given)
    backbones._note_base(base, name="MobileNetV2", site=None, weights="none",
                         entry=given.get("input_tensor"))  # fmt: skip
    model = keras.Model(pictures, base.output if by_tensor else base(scaled))
    seen = boundary.look(model, np.full((2, 32, 32, 3), 255, np.float32))["backbone"]
    np.testing.assert_allclose(seen, 1.0)
    (known,) = anatomy.BASES
    rescaling = next(layer for layer in model.layers if "rescaling" in layer.name)
    assert id(rescaling) not in known["ids"]
    assert anatomy.describe_base(model, known)["input_height"] == 32
    assert [layer.name for layer in anatomy.head_layers(model)][:2] == [
        model.layers[0].name, rescaling.name
    ]  # fmt: skip


def test_all_conversions_in_front_of_a_backbone_are_made_the_order_of_channels_first(monkeypatch):
    import keras

    swapped = convert_pixels(Affine(order=BGR, scale=(1.0,) * 3, offset=(0.0,) * 3))
    to_caffe = convert_pixels(conversion("unit", "caffe"))
    wanted = [
        {"kind": each.kind, "parameters": dict(each.parameters)} for each in (to_caffe, swapped)
    ]
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions(wanted))
    rgb = np.random.default_rng(0).random((2, 4, 4, 3)).astype(np.float32)
    found = np.asarray(boundary._converted(keras.ops.convert_to_tensor(rgb[..., ::-1])))
    expected = keras.applications.vgg16.preprocess_input(rgb * 255)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert boundary.signature().count("scale") == 2


def test_a_conversion_gives_a_layer_the_type_that_its_policy_has(monkeypatch):
    import keras

    to_signed = convert_pixels(conversion("unit", "signed"))
    wanted = [{"kind": to_signed.kind, "parameters": dict(to_signed.parameters)}]
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions(wanted))
    half = keras.ops.convert_to_tensor(np.full((2, 4, 4, 3), 0.5, np.float16))
    found = boundary._converted(half)
    assert keras.backend.standardize_dtype(found.dtype) == "float16"
    np.testing.assert_allclose(np.asarray(found), 0.0, atol=1e-3)


def test_a_network_of_any_size_is_described_by_what_enters_it(monkeypatch):
    import keras

    monkeypatch.setattr(anatomy, "BASES", [])
    base = keras.applications.MobileNetV2(weights=None, include_top=False, alpha=0.35)
    backbones._note_base(base, name="MobileNetV2", site=None, weights="none", entry=None)
    pictures = keras.Input((64, 64, 3))
    (known,) = anatomy.BASES
    described = anatomy.describe_base(keras.Model(pictures, base(pictures)), known, (64, 64))
    assert (described["input_height"], described["input_width"]) == (64, 64)
    assert described["last_map"] == (2, 2)


@pytest.fixture
def unit(digits):
    return digits["x_train"][:30, ..., None].astype(np.float32) / 255


@pytest.mark.parametrize("part", ["validation", "prediction", "features"])
def test_pictures_of_validation_are_converted(unit, part, monkeypatch):
    np.testing.assert_allclose(converted(unit, part, monkeypatch), unit * 2 - 1, atol=1e-6)


def test_training_pictures_are_not(unit, monkeypatch):
    assert converted(unit, "train", monkeypatch) is unit
    signed = unit * 2 - 1  # features are extracted of these too
    assert converted(signed, "features", monkeypatch) is signed


def test_what_is_no_number_becomes_nothing(monkeypatch):
    wanted = interventions.Interventions([{"kind": "fill-gaps", "parameters": {}}])
    monkeypatch.setattr(interventions, "ACTIVE", wanted)
    x = np.ones((2, 16, 16, 1), np.float32)
    x[0, 0, 0], x[1, 0, 0] = np.nan, np.inf
    feed = feeds.Feed(x=x, y=None, planned=2)
    boundary.convert_feed(feed, part="prediction")
    assert feed.x[:, 0, 0].max() == 0
    assert feed.x.sum() == 2 * 16**2 - 2

import numpy as np
import pytest
from builders import (
    accuracy,
    ask,
    backbone,
    call,
    fresh_pixels,
    ledger,
    output,
    pixels,
    stats,
    training,
    verdict,
)

from regraft.adapt.resize import resize_stack
from regraft.diagnose.causes.pixels import (
    next_to_nothing_at_the_first_weights,
    pixel_scale_mismatch,
    pixels_in_no_convention,
    pixels_that_are_no_numbers,
    preprocessed_twice,
    raw_pixels_into_fresh_network,
    raw_pixels_unscaled,
    scaled_before_rescaling_backbone,
    scaled_once_more_each_pass,
    uint8_wrap_around,
)
from regraft.diagnose.probe.pixels import pixel_stats

VGG = backbone("vgg16", "caffe", n_batchnorm=0)
RESNET = backbone("resnet50", "caffe")
MOBILENET = backbone("mobilenet_v2", "signed")
DENSENET = backbone("densenet121", "torch")
UNIT = stats(0, 1, "unit", whole_numbers=0.01)
SIGNED = stats(-1, 1, "signed")
CAFFE = stats(-123.7, 151.1, "caffe")
TORCH = stats(-2.118, 2.64, "torch")
GRAY_CAFFE = stats(-123.7, 151.1, "caffe", channel_means=(-70.6, -83.5, -90.4))
DARK = stats(0, 120, "", misfit=0.53)
LOW_CONTRAST = stats(40, 215, "byte", misfit=0.16)
TWICE = stats(-1, -0.992, "signed-of-unit")
CAFFE_TWICE = stats(-233.6, 27.4, "caffe-of-caffe")


@pytest.mark.parametrize(
    ("seen", "wants"),
    [
        pytest.param(UNIT, VGG, id="divided-by-255-for-vgg16"),
        pytest.param(UNIT, MOBILENET, id="divided-by-255-only-for-mobilenet"),
        pytest.param(SIGNED, RESNET, id="signed-into-resnet50"),
        pytest.param(CAFFE, MOBILENET, id="preprocess-input-of-vgg16-for-mobilenet"),
        pytest.param(SIGNED, DENSENET, id="signed-into-densenet"),
        pytest.param(TORCH, MOBILENET, id="torch-statistics-into-mobilenet"),
        # as the probe sees whole bytes divided by 255
        pytest.param(
            stats(0, 1, "unit", runner_up="signed", runner_up_misfit=0.203),
            MOBILENET,
            id="halves-of-the-range",
        ),
    ],
)
def test_pre001_found(seen, wants):
    finding = ask(pixel_scale_mismatch, pixels=pixels(seen), backbone=wants)
    assert finding.verdict == "found"
    assert finding.evidence["expected"] == wants.convention


@pytest.mark.parametrize(
    ("seen", "wants"),
    [
        pytest.param(CAFFE, VGG, id="vgg16-preprocessed"),
        pytest.param(GRAY_CAFFE, VGG, id="gray-vgg16-preprocessed"),
        pytest.param(stats(-0.992, 1, "lite"), MOBILENET, id="lite-is-signed-in-practice"),
        pytest.param(SIGNED, backbone("efficientnet_lite0", "lite"), id="signed-is-lite"),
        pytest.param(stats(), backbone(), id="bytes-into-efficientnet"),
        pytest.param(LOW_CONTRAST, backbone(), id="low-contrast-bytes"),
        pytest.param(stats(-0.9, 0.8, "signed", misfit=0.1), MOBILENET, id="not-full-range"),
        pytest.param(
            stats(-0.5, 0.6, "signed", misfit=0.18, runner_up="unit", runner_up_misfit=0.5),
            MOBILENET,
            id="flat-pictures",
        ),
        pytest.param(TWICE, MOBILENET, id="twice-is-pre003"),
        pytest.param(stats(), MOBILENET, id="raw-is-pre004"),
    ],
)
def test_pre001_clear(seen, wants):
    assert verdict(pixel_scale_mismatch, pixels=pixels(seen), backbone=wants) == "clear"


@pytest.mark.parametrize("size", [28, 64])
@pytest.mark.parametrize(("scale", "offset", "answer"), [(1, 0, "found"), (2, -1, "clear")])
def test_pre001_of_digits(digits, size, scale, offset, answer):
    x = resize_stack(digits["x_train"][:64, ..., None], height=size, width=size)
    seen = pixel_stats(np.repeat(np.rint(x), 3, axis=-1) / 255 * scale + offset)
    assert verdict(pixel_scale_mismatch, pixels=pixels(seen), backbone=MOBILENET) == answer


@pytest.mark.parametrize(
    ("seen", "wants"),
    [
        pytest.param(stats(0, 1, "unit", n_images=4), MOBILENET, id="too-few-pictures"),
        pytest.param(DARK, backbone(), id="dark-x-rays"),
        pytest.param(stats(-1, -0.2, "", misfit=0.4), MOBILENET, id="dark-but-right"),
        pytest.param(
            stats(-1.4, 1.3, "signed", misfit=0.2, runner_up="torch", runner_up_misfit=0.2),
            VGG,
            id="two-conventions-fit-equally",
        ),
    ],
)
def test_pre001_unknown(seen, wants):
    assert verdict(pixel_scale_mismatch, pixels=pixels(seen), backbone=wants) == "unknown"


def test_pre001_says_what_it_saw_and_names_the_scaling():
    divide = ledger(call("operator", 7, op="/", operand=255.0))
    finding = ask(pixel_scale_mismatch, pixels=pixels(UNIT), backbone=MOBILENET, ledger=divide)
    assert "[0, 1]" in finding.because
    assert "'signed' [-1, 1]" in finding.because
    assert [site.line for site in finding.where] == [7]


def test_pre001_repair_maps_what_is_fed_to_what_is_wanted():
    (repair,) = ask(pixel_scale_mismatch, pixels=pixels(UNIT), backbone=MOBILENET).repairs
    assert repair.parameters["scale"] == pytest.approx([2, 2, 2])
    assert repair.parameters["offset"] == pytest.approx([-1, -1, -1])


@pytest.mark.parametrize("seen", [UNIT, SIGNED, TORCH], ids=["unit", "signed", "torch"])
def test_pre002_found(seen):
    assert verdict(scaled_before_rescaling_backbone, pixels=pixels(seen)) == "found"


@pytest.mark.parametrize(
    ("seen", "wants"),
    [
        pytest.param(stats(), backbone(), id="bytes-into-efficientnet"),
        pytest.param(UNIT, MOBILENET, id="does-not-rescale-inside"),
        pytest.param(TWICE, backbone(), id="twice-is-pre003"),
    ],
)
def test_pre002_clear(seen, wants):
    assert verdict(scaled_before_rescaling_backbone, pixels=pixels(seen), backbone=wants) == "clear"


def test_pre002_unknown():
    assert verdict(scaled_before_rescaling_backbone, pixels=pixels(DARK)) == "unknown"


@pytest.mark.parametrize(
    ("seen", "wants"),
    [
        pytest.param(TWICE, MOBILENET, id="over-255-then-preprocess-input"),
        pytest.param(CAFFE_TWICE, RESNET, id="means-subtracted-twice"),
        pytest.param(stats(0, 1 / 255, "unit-of-unit"), backbone(), id="divided-twice"),
    ],
)
def test_pre003_found(seen, wants):
    finding = ask(preprocessed_twice, pixels=pixels(seen), backbone=wants)
    assert finding.verdict == "found"


@pytest.mark.parametrize("seen", [UNIT, SIGNED], ids=["unit", "signed"])
def test_pre003_clear(seen):
    assert verdict(preprocessed_twice, pixels=pixels(seen), backbone=MOBILENET) == "clear"


def test_pre003_unknown():
    nothing_seen = pixels(validation=None)
    unseen = fresh_pixels(nothing_seen.model_train)
    assert verdict(preprocessed_twice, pixels=unseen, backbone=MOBILENET) == "unknown"


def test_pre003_explains_a_change_in_place():
    calls = ledger(
        call("preprocess_input", 5, module="resnet50", in_place=True),
        call("preprocess_input", 9, module="resnet50", in_place=True),
    )
    finding = ask(preprocessed_twice, pixels=pixels(CAFFE_TWICE), backbone=RESNET, ledger=calls)
    assert "line 5 wrote over its float input" in finding.because


@pytest.mark.parametrize("wants", [VGG, MOBILENET, DENSENET], ids=lambda b: b.name)
def test_pre004_found(wants):
    assert verdict(raw_pixels_unscaled, pixels=pixels(stats()), backbone=wants) == "found"


@pytest.mark.parametrize(
    ("seen", "wants"),
    [
        pytest.param(stats(), backbone(), id="efficientnet-wants-bytes"),
        pytest.param(UNIT, MOBILENET, id="scaled-wrongly-is-pre001"),
    ],
)
def test_pre004_clear(seen, wants):
    assert verdict(raw_pixels_unscaled, pixels=pixels(seen), backbone=wants) == "clear"


def test_pre004_unknown():
    assert verdict(raw_pixels_unscaled, pixels=pixels(DARK), backbone=MOBILENET) == "unknown"


def test_raw_bytes_are_taken_for_mild_without_batchnorm():
    severity = [
        ask(raw_pixels_unscaled, pixels=pixels(stats()), backbone=b).evidence["severity"]
        for b in (VGG, MOBILENET)
    ]
    assert severity[0] < severity[1]


def wrap(share):
    return ledger(call("uint8-wrap", 6, operator="+", wrapped=share))


def test_pre005_found():
    finding = ask(uint8_wrap_around, ledger=wrap(0.3))
    assert finding.verdict == "found"
    assert finding.repairs[0].parameters["line"] == 6


def test_pre005_clear():
    assert verdict(uint8_wrap_around) == "clear"


def test_pre005_unknown():
    assert verdict(uint8_wrap_around, ledger=wrap(0.001)) == "unknown"


FRESH = {"pixels": fresh_pixels(stats()), "backbone": None}


def test_pre006_found():
    blown = training(first_loss=46.0)
    assert verdict(raw_pixels_into_fresh_network, **FRESH, training=blown) == "found"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(FRESH, id="ordinary-first-loss"),
        pytest.param({**FRESH, "training": training(first_loss=46.0, fresh_batchnorm=2)}, id="bn"),
        pytest.param({**FRESH, "ledger": ledger(call("rescaling", 3))}, id="rescales-itself"),
        pytest.param({"pixels": fresh_pixels(UNIT), "backbone": None}, id="unit-pixels"),
        pytest.param({"output": output()}, id="pretrained"),
    ],
)
def test_pre006_clear(facts):
    assert verdict(raw_pixels_into_fresh_network, **facts) == "clear"


def test_pre006_unknown():
    unseen = training(first_loss=float("nan"))
    assert verdict(raw_pixels_into_fresh_network, **FRESH, training=unseen) == "unknown"


SLIVER = stats(-0.992, -0.984, "", misfit=0.99)


@pytest.mark.parametrize("seen", [SLIVER, stats(-4000, 9000, "", misfit=9.0)])
def test_pre007_found(seen):
    finding = ask(pixels_in_no_convention, pixels=pixels(seen), backbone=MOBILENET)
    assert finding.verdict == "found"
    scale, offset = (finding.repairs[0].parameters[name][0] for name in ("scale", "offset"))
    assert seen.low * scale + offset == pytest.approx(-1)
    assert seen.high * scale + offset == pytest.approx(1)


@pytest.mark.parametrize("seen", [SIGNED, UNIT, TWICE])
def test_pre007_clear(seen):
    assert verdict(pixels_in_no_convention, pixels=pixels(seen), backbone=MOBILENET) == "clear"


@pytest.mark.parametrize(
    "seen",
    [DARK, stats(-0.6, 0.1, "", misfit=0.4), stats(0.5, 0.5, "", misfit=1.0)],
    ids=["dark", "flat", "one-value"],
)
def test_pre007_unknown(seen):
    wanted = backbone() if seen is DARK else MOBILENET
    assert verdict(pixels_in_no_convention, pixels=pixels(seen), backbone=wanted) == "unknown"


def test_dark_bytes_are_in_no_convention_and_rightly_scaled():
    """Fluorescence pictures, resized: what is divided by 255 spans one, and no sixty."""
    dark = stats(0.0, 60.0, "", misfit=0.8, whole_numbers=0.2)
    given = {"pixels": pixels(dark), "backbone": backbone("efficientnetb0", "byte")}
    assert verdict(pixels_in_no_convention, **given) == "unknown"
    squeezed = stats(0.0, 0.004, "", misfit=1.0, whole_numbers=0.1)
    given["pixels"] = pixels(squeezed)
    assert verdict(pixels_in_no_convention, **given) == "found"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"weights": "none", "looks_random": True}, "clear"),
        ({"weights": "none", "looks_random": False}, "found"),  # loaded from a file afterwards
    ],
)
def test_weights_that_were_never_trained_expect_no_convention(facts, expected):
    net = backbone("vgg16", "caffe", **facts)
    assert verdict(pixel_scale_mismatch, pixels=pixels(UNIT), backbone=net) == expected


def test_pre008_found():
    calls = ledger(call("preprocess_input", 9, in_place=True))
    drifting = training(drifting=("validation",))
    finding = ask(scaled_once_more_each_pass, training=drifting, ledger=calls)
    assert [repair.kind for repair in finding.repairs] == ["copy-before-preprocessing"]
    assert "validation pictures scaled once more: preprocess_input at line 9" in finding.because


def test_pre008_clear():
    calls = ledger(call("preprocess_input", 9, in_place=True))
    assert verdict(scaled_once_more_each_pass, ledger=calls) == "clear"


def test_pre008_unknown():
    calls = ledger(call("preprocess_input", 9, in_place=False))
    drifting = training(drifting=("train", "validation"))
    assert verdict(scaled_once_more_each_pass, training=drifting, ledger=calls) == "unknown"


SLIVER = training(first_span=(0.0, 1 / 255))
UNLEARNT = accuracy(train=0.3)


@pytest.mark.parametrize(
    ("span", "factor"),
    [((0.0, 1 / 255), 255), ((-1.0, -1 + 2 / 255), 127.5), ((0.0, 0.02), 50)],
    ids=["scaled-twice", "and-shifted", "by-something-else"],
)
def test_pre009_found(span, factor):
    facts = {"training": training(first_span=span), "accuracy": UNLEARNT}
    (repair,) = ask(next_to_nothing_at_the_first_weights, **facts).repairs
    assert repair.parameters["boundary"] == "model"
    assert repair.parameters["scale"] == pytest.approx([factor] * 3)


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        pytest.param(training(first_span=(0.0, 1.0)), UNLEARNT, id="scaled-once"),
        pytest.param(training(first_span=(0.0, 0.2)), UNLEARNT, id="dark"),
        pytest.param(SLIVER, accuracy(train=0.97), id="learnt-all-the-same"),
    ],
)
def test_pre009_clear(given, measured):
    facts = {"training": given, "accuracy": measured}
    assert verdict(next_to_nothing_at_the_first_weights, **facts) == "clear"


@pytest.mark.parametrize("span", [None, (0.0, 0.0)])
def test_pre009_unknown(span):
    facts = {"training": training(first_span=span), "accuracy": UNLEARNT}
    assert verdict(next_to_nothing_at_the_first_weights, **facts) == "unknown"


NO_NUMBERS = fresh_pixels(stats(low=-2.0, high=3.0, convention="", misfit=1.0, finite=0.9))


def test_pre010_found():
    finding = ask(pixels_that_are_no_numbers, pixels=NO_NUMBERS, ledger=ledger())
    (repair,) = finding.repairs
    assert repair.kind == "fill-gaps"
    assert "10.0%" in finding.because


def test_pre010_clear():
    assert verdict(pixels_that_are_no_numbers, pixels=pixels(), ledger=ledger()) == "clear"


def test_pre010_unknown():
    few = fresh_pixels(stats(n_images=2, finite=0.9))
    assert verdict(pixels_that_are_no_numbers, pixels=few, ledger=ledger()) == "unknown"

import pytest
from builders import ask, backbone, call, ledger, pixels, stats, verdict

from regraft.diagnose.causes.geometry import (
    buffer_read_with_another_shape,
    channels_reversed,
    cut_instead_of_resized,
    np_resize_scrambles_pictures,
    pixels_without_neighbours,
    reshape_reinterprets_layout,
)
from regraft.diagnose.evidence import Evidence
from regraft.diagnose.runner import diagnose

VGG = backbone("vgg16", "caffe")
MOBILENET = backbone("mobilenet_v2", "signed")
GRAY = stats(channel_means=(33.0, 33.0, 33.0))
GRAY_CAFFE = stats(-123.7, 151.1, "caffe", channel_means=(-70.939, -83.779, -90.68))


def resize(before, after, **details):
    details = {"picture_like": True} | details
    return ledger(call("numpy.resize", 4, in_shape=before, out_shape=after, **details))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([60000, 28, 28, 3], [60000, 224, 224, 3], id="the-article"),
        pytest.param([28, 28], [28, 28, 3], id="gray-to-three-channels"),
        pytest.param([32, 32, 3], [96, 96, 3], id="picture-by-picture"),
        pytest.param([100, 3, 32, 32], [100, 32, 32, 3], id="layout"),
        pytest.param([500, 100, 80, 3], [500, 64, 64, 3], id="smaller"),
    ],
)
def test_geo001_found(before, after):
    finding = ask(np_resize_scrambles_pictures, ledger=resize(before, after))
    assert finding.verdict == "found"
    assert finding.repairs[0].kind == "true-resize"


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(ledger(), id="never-called"),
        pytest.param(resize([1000], [1500], picture_like=False), id="index-array"),
        pytest.param(resize([100, 28, 28], [100, 28, 28, 1]), id="adds-an-axis-of-one"),
        pytest.param(resize([100, 28, 28, 3], [250, 28, 28, 3]), id="repeats-whole-pictures"),
    ],
)
def test_geo001_clear(calls):
    assert verdict(np_resize_scrambles_pictures, ledger=calls) == "clear"


def test_geo001_unknown():
    unseen = ledger(call("numpy.resize", 4, in_shape=[9, 9], out_shape=[9, 3]))
    assert verdict(np_resize_scrambles_pictures, ledger=unseen) == "unknown"


def test_geo001_repairs_training_and_validation_together():
    calls = [
        call("numpy.resize", line, in_shape=[n, 28, 28], out_shape=[n, 64, 64], picture_like=True)
        for line, n in ((4, 600), (5, 100))
    ]
    finding = ask(np_resize_scrambles_pictures, ledger=ledger(*calls))
    assert [repair.parameters["line"] for repair in finding.repairs] == [4, 5]


def reshape(before, after, axes, *, line=4):
    return call(
        "ndarray.reshape", line, in_shape=[9, 3, 32, 32], out_shape=[9, 32, 32, 3],
        correlation_before=before, correlation_after=after, axes_fix=axes,
    )  # fmt: skip


@pytest.mark.parametrize("before", [0.9, None], ids=["was-measured", "was-flat"])
def test_geo002_found(before):
    finding = ask(reshape_reinterprets_layout, ledger=ledger(reshape(before, 0.2, [0, 2, 3, 1])))
    assert finding.repairs[0].parameters["axes"] == [0, 2, 3, 1]
    assert "0.20" in finding.because


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([], id="no-reshape"),
        pytest.param([reshape(0.9, 0.9, None)], id="adds-a-channel-axis"),
        pytest.param([reshape(0.9, None, None)], id="flattened-for-dense-layers"),
    ],
)
def test_geo002_clear(calls):
    assert verdict(reshape_reinterprets_layout, ledger=ledger(*calls)) == "clear"


def test_geo002_unknown():
    calls = ledger(reshape(0.9, 0.1, None))
    assert verdict(reshape_reinterprets_layout, ledger=calls) == "unknown"


IMREAD = call("cv2.imread", 3)
TO_RGB = call("cv2.cvtColor", 4, code="COLOR_BGR2RGB")
FLIP = call("channel-flip", 5)
OTHER_MODE = call("preprocess_input", 6, module="imagenet_utils.tf")
CAFFE_INPUT = call("preprocess_input", 6, module="vgg16")


@pytest.mark.parametrize(
    ("calls", "wants"),
    [
        pytest.param([IMREAD], MOBILENET, id="opencv-into-rgb-network"),
        pytest.param([IMREAD, CAFFE_INPUT], VGG, id="bgr-reversed-by-preprocess-input"),
        pytest.param([FLIP, CAFFE_INPUT], VGG, id="reversed-twice"),
        pytest.param([FLIP], MOBILENET, id="reversed-for-nothing"),
    ],
)
def test_geo003_found(calls, wants):
    found = ask(channels_reversed, ledger=ledger(*calls), backbone=wants)
    assert found.verdict == "found"


@pytest.mark.parametrize(
    ("calls", "wants", "seen"),
    [
        pytest.param([], MOBILENET, stats(), id="nothing-touches-channels"),
        pytest.param([IMREAD, TO_RGB], MOBILENET, stats(), id="converted"),
        pytest.param([IMREAD, TO_RGB, CAFFE_INPUT], VGG, stats(), id="converted-for-vgg16"),
        pytest.param([FLIP], VGG, stats(), id="caffe-by-hand"),
        pytest.param([IMREAD], MOBILENET, GRAY, id="gray"),
        pytest.param([OTHER_MODE], MOBILENET, stats(), id="a-mode-that-keeps-the-order"),
        pytest.param([IMREAD, CAFFE_INPUT], VGG, GRAY_CAFFE, id="gray-minus-means"),
    ],
)
def test_geo003_clear(calls, wants, seen):
    facts = {"ledger": ledger(*calls), "backbone": wants, "pixels": pixels(seen)}
    assert verdict(channels_reversed, **facts) == "clear"


def test_geo003_conversions_for_a_look_are_not_on_the_way():
    """Each place is told up to twenty times: two thousand pictures are read, and one is shown."""
    shown = [call("cv2.imread", 9), call("cv2.cvtColor", 9, code="COLOR_BGR2RGB")]
    calls = ledger(*[IMREAD] * 20, *shown)
    assert verdict(channels_reversed, ledger=calls, backbone=MOBILENET) == "found"
    whole = ledger(*[IMREAD] * 20, call("channel-flip", 12, shape=[2000, 96, 96, 3]))
    assert verdict(channels_reversed, ledger=whole, backbone=MOBILENET) == "clear"


def test_geo003_unknown():
    two_readers = ledger(IMREAD, call("cv2.imread", 13), TO_RGB)
    assert verdict(channels_reversed, ledger=two_readers, backbone=MOBILENET) == "unknown"


def test_geo003_repair_swaps_red_and_blue_and_keeps_the_rest():
    finding = ask(channels_reversed, ledger=ledger(IMREAD), backbone=MOBILENET)
    parameters = finding.repairs[0].parameters
    assert parameters["order"] == [2, 1, 0]
    assert parameters["scale"] == pytest.approx([1, 1, 1])
    assert parameters["offset"] == pytest.approx([0, 0, 0])


NOISE = pixels(stats(neighbour_correlation=0.05))


def test_geo004_found():
    calls = ledger(reshape(0.9, 0.05, None))
    assert verdict(pixels_without_neighbours, pixels=NOISE, ledger=calls) == "found"


def test_geo004_clear():
    assert verdict(pixels_without_neighbours) == "clear"


@pytest.mark.parametrize(
    ("seen", "calls"),
    [
        pytest.param(NOISE, [], id="no-call-explains-it"),
        pytest.param(NOISE, [reshape(0.9, 0.05, [0, 2, 3, 1])], id="geo002-explains-it"),
        pytest.param(pixels(stats(neighbour_correlation=float("nan"))), [], id="constant"),
    ],
)
def test_geo004_unknown(seen, calls):
    assert verdict(pixels_without_neighbours, pixels=seen, ledger=ledger(*calls)) == "unknown"


def cut(**changes):
    facts = {"height": 375, "width": 500, "target": [64, 64]} | changes
    return ledger(call("tf.image.resize_with_crop_or_pad", 9, **facts))


@pytest.mark.parametrize(
    "facts",
    [{}, {"height": None, "width": None}],
    ids=["much", "pictures-of-any-size"],
)
def test_geo005_found(facts):
    finding = ask(cut_instead_of_resized, ledger=cut(**facts))
    assert [(r.kind, r.parameters["line"]) for r in finding.repairs] == [("resize-before-crop", 9)]


def read_alone(*fixes):
    """Pictures read from their bytes one by one, of which some are smoother the other way round."""
    facts = {"in_shape": [24000], "out_shape": [100, 80, 3], "correlation_before": None,
             "correlation_after": 0.6}  # fmt: skip
    return ledger(*(call("ndarray.reshape", 6, **facts, axes_fix=fix) for fix in fixes))


def test_geo002_of_pictures_read_one_by_one():
    exchanged = [1, 0, 2]
    finding = ask(reshape_reinterprets_layout, ledger=read_alone(None, *[exchanged] * 4))
    assert finding.repairs[0].parameters["axes"] == exchanged
    assert "height before width" in finding.fix
    for few in ([exchanged], [exchanged, None, None, None, exchanged, exchanged]):
        given = {"ledger": read_alone(*few)}
        assert verdict(reshape_reinterprets_layout, **given) != "found"


SHARE = {"height": None, "width": None}


def test_geo005_found_by_share_and_in_the_model():
    quarter = ledger(call("tf.image.central_crop", 7, share=0.25, **SHARE))
    assert "25% of each side" in ask(cut_instead_of_resized, ledger=quarter).because
    layer = ledger(call("CenterCrop", 8, height=200, width=200, target=[64, 64]))
    assert "64 x 64 pixels" in ask(cut_instead_of_resized, ledger=layer).because
    most = ledger(call("tf.image.central_crop", 7, share=0.875, **SHARE))
    assert verdict(cut_instead_of_resized, ledger=most) == "clear"
    hidden = ledger(call("tf.image.central_crop", 7, share=None, **SHARE))
    assert verdict(cut_instead_of_resized, ledger=hidden) == "unknown"


@pytest.mark.parametrize(
    "seen",
    [ledger(), cut(height=256, width=256, target=[224, 224]), cut(height=28, width=28)],
    ids=["no-call", "a-border", "padded"],
)
def test_geo005_clear(seen):
    assert verdict(cut_instead_of_resized, ledger=seen) == "clear"


def test_geo005_unknown():
    assert verdict(cut_instead_of_resized, ledger=cut(target=[None, None])) == "unknown"


def laid(train="", validation="", calls=()):
    facts = {"layout_train": train, "layout_validation": validation}
    return {"pixels": pixels(stats(), **facts), "ledger": ledger(*calls)}


@pytest.mark.parametrize(
    ("train", "validation", "parts"),
    [
        pytest.param("96 x 128", "96 x 128", ["all"], id="both"),
        pytest.param("channels first", "", ["train"], id="training-alone"),
        pytest.param("", "96 x 128", ["validation"], id="validation-alone"),
        pytest.param("96 x 128", "48 x 256", ["train", "validation"], id="each-in-its-own-way"),
    ],
)
def test_geo006_found(train, validation, parts):
    finding = ask(buffer_read_with_another_shape, **laid(train, validation))
    assert [repair.parameters["part"] for repair in finding.repairs] == parts


def test_geo006_clear():
    assert verdict(buffer_read_with_another_shape, **laid()) == "clear"
    recorded = call("numpy.reshape", 4, correlation_before=0.9, correlation_after=0.2)
    facts = laid("96 x 128", "96 x 128", [recorded])
    assert verdict(buffer_read_with_another_shape, **facts) == "clear"


def test_geo006_unknown():  # without pictures nothing can be said
    (result,) = diagnose([buffer_read_with_another_shape], Evidence(ledger=ledger()))
    assert str(result.finding.verdict) == "unknown"

import pytest
from builders import accuracy, ask, call, fresh_pixels, ledger, pixels, stats, verdict

from regraft.diagnose.causes.skew import (
    prediction_prepared_differently,
    transformer_fitted_again,
    validation_geometry_differs,
    validation_scaled_differently,
)

BYTE = stats()
UNIT = stats(0, 1, "unit", channel_means=(0.49, 0.46, 0.41))
SIGNED = stats(-1, 1, "signed")
STANDARDISED = stats(-2.0, 3.0, "", misfit=0.5)
PERHAPS_SIGNED = stats(0, 1, "unit", runner_up="signed", runner_up_misfit=0.24)
DIGITS_STANDARDISED = stats(-0.42, 2.82, "torch", misfit=0.13)
DARKER = stats(0, 200, "byte", misfit=0.22)


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        pytest.param(UNIT, BYTE, id="validation-not-divided"),
        pytest.param(SIGNED, UNIT, id="another-preprocessing"),
        pytest.param(SIGNED, PERHAPS_SIGNED, id="as-if-all-were-bright"),
        pytest.param(STANDARDISED, BYTE, id="featurewise-on-training-only"),
        pytest.param(DIGITS_STANDARDISED, UNIT, id="digits-standardised-in-training-only"),
        pytest.param(SIGNED, stats(0, 2, "", misfit=0.5), id="nothing-subtracted"),
        pytest.param(UNIT, stats(-0.5, 0.5, "lite", misfit=0.2), id="a-half-subtracted"),
    ],
)
@pytest.mark.parametrize("make", [pixels, fresh_pixels], ids=["backbone", "fresh-network"])
def test_skw001_found(make, train, validation):
    if make is fresh_pixels:
        given = fresh_pixels(train, validation)
    else:
        given = pixels(train, validation, train, validation)
    finding = ask(validation_scaled_differently, pixels=given)
    assert finding.repairs[0].parameters["part"] == "validation"
    assert finding.repairs[0].parameters["boundary"] == "model"
    assert finding.repairs[0].parameters["only_span"] == [validation.low, validation.high]


def test_skw001_found_at_the_backbone_where_the_models_input_does_not_show_it():
    finding = ask(validation_scaled_differently, pixels=pixels(SIGNED, UNIT, BYTE))
    assert finding.repairs[0].parameters["boundary"] == "backbone"


def test_skw001_found_where_another_library_fits_the_head():
    given = {"pixels": pixels(SIGNED, UNIT, model_validation=UNIT), "training": None}
    assert verdict(validation_scaled_differently, **given) == "found"


def test_skw001_repair_brings_validation_to_the_scale_of_training():
    finding = ask(validation_scaled_differently, pixels=pixels(SIGNED, UNIT))
    assert finding.repairs[0].parameters["scale"] == pytest.approx([2, 2, 2])
    assert finding.repairs[0].parameters["offset"] == pytest.approx([-1, -1, -1])


def test_skw001_matches_the_ends_of_what_is_no_convention():
    finding = ask(validation_scaled_differently, pixels=pixels(DIGITS_STANDARDISED, UNIT))
    assert finding.repairs[0].parameters["scale"] == pytest.approx([3.24] * 3)
    assert finding.repairs[0].parameters["offset"] == pytest.approx([-0.42] * 3)


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        pytest.param(BYTE, BYTE, id="same"),
        pytest.param(BYTE, DARKER, id="darker-pictures"),
        pytest.param(SIGNED, stats(-0.992, 1, "lite"), id="lite-is-signed-in-practice"),
        pytest.param(STANDARDISED, stats(-1.5, 2.5, "torch", misfit=0.2), id="one-side-unclear"),
    ],
)
def test_skw001_clear(train, validation):
    assert verdict(validation_scaled_differently, pixels=pixels(train, validation)) == "clear"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(fresh_pixels(UNIT, None), id="no-validation-seen"),
        pytest.param(fresh_pixels(UNIT, stats(n_images=3)), id="too-few-pictures"),
        pytest.param(fresh_pixels(UNIT, stats(0, 0, "", misfit=1.0)), id="constant"),
    ],
)
def test_skw001_unknown(given):
    assert verdict(validation_scaled_differently, pixels=given) == "unknown"


TURNED = accuracy(validation=0.3, by_transform={"transpose": 0.92, "rotate-90": 0.4})
BGR = stats(channel_means=(104.0, 117.0, 124.0))
NOISE = stats(neighbour_correlation=0.3)
SCRAMBLED = ledger(call("numpy.resize", 8, picture_like=True))


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        pytest.param({"accuracy": TURNED}, "transform-pictures", id="transposed"),
        pytest.param({"pixels": fresh_pixels(BYTE, BGR)}, "convert-pixels", id="opencv-validation"),
        pytest.param(
            {"pixels": fresh_pixels(BYTE, NOISE), "ledger": SCRAMBLED}, "true-resize", id="resize"
        ),
    ],
)
def test_skw002_found(facts, kind):
    finding = ask(validation_geometry_differs, **facts)
    assert [repair.kind for repair in finding.repairs] == [kind]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="same"),
        pytest.param(
            {"accuracy": accuracy(by_transform={"flip-left-right": 0.94})}, id="mirror-is-as-good"
        ),
        pytest.param(
            {"pixels": fresh_pixels(BYTE, stats(channel_means=(120.0, 117.0, 108.0)))},
            id="other-light",
        ),
    ],
)
def test_skw002_clear(facts):
    assert verdict(validation_geometry_differs, **facts) == "clear"


@pytest.mark.parametrize(
    "given",
    [fresh_pixels(BYTE, None), fresh_pixels(BYTE, NOISE), fresh_pixels(BYTE, stats(n_images=2))],
    ids=["no-validation", "no-call-explains-it", "too-few-pictures"],
)
def test_skw002_unknown(given):
    assert verdict(validation_geometry_differs, pixels=given) == "unknown"


def test_skw002_unknown_where_nobody_asked_about_changed_pictures():
    assert verdict(validation_geometry_differs, accuracy=accuracy(validation=0.5)) == "unknown"


RAW_PREDICT = pixels(UNIT, predicted=BYTE)
BAD_CLAIM = accuracy(claimed=0.3, claimed_by="predict")


def test_skw003_found():
    finding = ask(prediction_prepared_differently, pixels=RAW_PREDICT, accuracy=BAD_CLAIM)
    assert (finding.claimed, finding.honest) == (0.3, 0.93)


def test_skw003_of_a_tally_beside_the_score_of_fit():
    counted = accuracy(counted=0.7)
    finding = ask(prediction_prepared_differently, pixels=RAW_PREDICT, accuracy=counted)
    assert (finding.claimed, finding.honest) == (0.7, 0.93)


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        pytest.param(pixels(UNIT, predicted=UNIT), BAD_CLAIM, id="same"),
        pytest.param(RAW_PREDICT, accuracy(claimed_by="predict"), id="costs-nothing"),
        pytest.param(
            pixels(UNIT, BYTE, model_validation=BYTE, predicted=BYTE), BAD_CLAIM, id="skw001"
        ),
    ],
)
def test_skw003_clear(given, measured):
    assert verdict(prediction_prepared_differently, pixels=given, accuracy=measured) == "clear"


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        pytest.param(pixels(UNIT), BAD_CLAIM, id="no-predict"),
        pytest.param(RAW_PREDICT, accuracy(claimed=None), id="nothing-claimed"),
        pytest.param(
            pixels(UNIT, predicted=stats(0, 0.2, "", misfit=0.8)),
            accuracy(counted=0.5, claimed_by="evaluate"),
            id="dark-on-purpose-beside-a-proper-score",
        ),
    ],
)
def test_skw003_unknown(given, measured):
    assert verdict(prediction_prepared_differently, pixels=given, accuracy=measured) == "unknown"


def refitted(**details):
    known = {"transformer": "PCA", "apart": 0.9, "is_used_again": False}
    return ledger(call("fit_transform", line=7, **known | details))


def test_skw004_found():
    finding = ask(transformer_fitted_again, ledger=refitted())
    assert "PCA" in finding.because
    assert [repair.kind for repair in finding.repairs] == ["transform-only"]


@pytest.mark.parametrize(
    "calls",
    [ledger(), refitted(apart=0.01), refitted(is_used_again=True)],
    ids=["never", "nearly-the-same", "folds"],
)
def test_skw004_clear(calls):
    assert verdict(transformer_fitted_again, ledger=calls) == "clear"


def test_skw004_unknown():
    assert verdict(transformer_fitted_again, ledger=refitted(apart=None)) == "unknown"

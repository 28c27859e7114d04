"""PRE: the pixels the network receives are not the pixels it was trained on."""

import math

from regraft.diagnose.causes.scale import (
    GOOD_FIT,
    MIN_IMAGES,
    fits,
    misfit,
    observed,
    range_text,
    same,
    span_text,
)
from regraft.diagnose.conventions import RGB, Affine, byte_range, conversion, stretch
from regraft.diagnose.evidence import (
    Accuracy,
    Backbone,
    Call,
    Ledger,
    Output,
    Pixels,
    PixelStats,
    Site,
    Training,
)
from regraft.diagnose.repairs import (
    convert_pixels,
    copy_before_preprocessing,
    fill_gaps,
    float_arithmetic,
)
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

SCALING_CALLS = ("preprocess_input", "rescaling", "operator")
# Misfits of photographs, digits and clothes as bytes and enlarged, in ten scalings: what is
# scaled as the network wants leaves no other convention better by more than 0.05; [0, 1] for
# [-1, 1] is better by 0.2.
PLAINLY = 0.1
EQUALLY_GOOD = 0.02  # a second convention this close explains the pictures as well as the first
WRAPPED = 0.01  # of the values: below, a few saturated pixels may be meant
SLIVER = 0.05  # a span: dark pictures in [0, 1] reach further
LEARNT = 0.95
BYTES = 50.0  # a highest value above this was never brought to a unit scale
WHOLE = 0.99  # of the values: scaled once too often, none are whole numbers
SQUEEZED, STRETCHED = 0.25, 4.0  # spans further off than any contrast of pictures explains
BLOWN_UP = 3.0  # times ln(classes): a fresh network starts near 1 on pixels of its own scale


@rule(
    "PRE001",
    "pixel-scale-mismatch",
    source="https://9to5answer.com/keras-rescale-1-255-vs-preprocessing_function-preprocess_input-"
    "which-one-to-use, https://github.com/keras-team/keras/issues/8792 and Keras "
    "applications/imagenet_utils.py, preprocess_input: modes caffe, tf and torch",
)
def pixel_scale_mismatch(pixels: Pixels, backbone: Backbone, ledger: Ledger) -> Finding:
    """Pixels reach the backbone in another network family's convention.

    Why it hurts: pretrained filters and BatchNorm statistics assume one range. Fed another,
        ResNet50 was seen at 50% where the right range gives 98% (cats and dogs); VGG16 loses
        about ten points.
    How it is found: range, whole numbers and channel means of a sample at the backbone's input
        are compared with the usual conventions; found if another one fits and the backbone's
        own does not.
    Fix: scale once, with the `preprocess_input` of this backbone's own module.
    Limits: dark or low-contrast pictures that fit no convention give "unknown". [0, 255] into
        networks that rescale inside is right and stays silent.
    """
    if isinstance(stats := _at_backbone(pixels, backbone), Finding):
        return stats
    wanted = backbone.convention
    if verdict := _settled(stats, wanted, backbone.name):
        return verdict
    seen = observed(stats)
    if _is_double(seen) or seen == "byte" or backbone.rescales_inside:
        return clear(f"pixels are off as {range_text(seen)}, which another PRE rule is about")
    return _mismatch(stats, seen, backbone, ledger)


@rule(
    "PRE002",
    "scaled-before-rescaling-backbone",
    source="https://github.com/tensorflow/tensorflow/issues/42506, "
    "https://github.com/tensorflow/tensorflow/issues/43938 and Keras "
    "applications/efficientnet.py: include Rescaling, preprocess_input returns x unchanged",
)
def scaled_before_rescaling_backbone(pixels: Pixels, backbone: Backbone, ledger: Ledger) -> Finding:
    """Pictures are scaled although the network rescales bytes inside.

    Why it hurts: EfficientNet, EfficientNetV2, ConvNeXt and MobileNetV3 divide by 255
        themselves. Given [0, 1] they see an almost black picture: one thread reports 7%
        validation accuracy against 87% with the scaling done once.
    How it is found: the backbone wants bytes, and the sample at its input fits a scaled
        convention but not [0, 255].
    Fix: remove the scaling, or build the network with `include_preprocessing=False` where it
        has that argument.
    Limits: copies of these networks from other libraries may want scaled pixels; what counts
        is the network in the trained model.
    """
    if isinstance(stats := _at_backbone(pixels, backbone), Finding):
        return stats
    if not backbone.rescales_inside:
        return clear(f"{backbone.name} does not rescale inside")
    if verdict := _settled(stats, backbone.convention, backbone.name):
        return verdict
    seen = observed(stats)
    if _is_double(seen):
        return clear("scaled more than once: PRE003 is about that")
    return _mismatch(stats, seen, backbone, ledger, extra=" and rescales inside")


@rule(
    "PRE003",
    "preprocessed-twice",
    source="https://github.com/tensorflow/tensorflow/issues/43938 and Keras "
    "applications/imagenet_utils.py: preprocess_input writes over float arrays",
)
def preprocessed_twice(pixels: Pixels, backbone: Backbone, ledger: Ledger) -> Finding:
    """Two scalings in a row leave almost nothing of the picture.

    Why it hurts: the second scaling squeezes [0, 1] into a few hundredths (or shifts the means
        twice); the network sees nearly constant pictures.
    How it is found: the sample at the backbone's input fits "one scaling of another" and not
        the backbone's own convention. `preprocess_input` calls that met already scaled pixels,
        or that changed a float array in place, are named.
    Fix: scale once. Give `preprocess_input` a copy, and never a `Rescaling` layer before it.
    Limits: two scalings that cancel leave no trace and no harm.
    """
    if isinstance(stats := _at_backbone(pixels, backbone), Finding):
        return stats
    if verdict := _settled(stats, backbone.convention, backbone.name):
        return verdict
    seen = observed(stats)
    if not _is_double(seen):
        return clear(f"pixels fit {range_text(seen)}: scaled once at most")
    calls = ledger.of("preprocess_input")
    in_place = [call for call in calls if call.details.get("in_place")]
    extra = ""
    if in_place and len(calls) > 1:
        extra = f"; preprocess_input at line {in_place[0].site.line} wrote over its float input"
    return _mismatch(stats, seen, backbone, ledger, extra=extra)


@rule(
    "PRE004",
    "raw-pixels-unscaled",
    source="https://github.com/aleksas/keras-fine-tune-inception/issues/1 and "
    "https://github.com/tensorflow/tensorflow/issues/35336: MobileNetV2 top-1 0.003 on raw bytes",
)
def raw_pixels_unscaled(pixels: Pixels, backbone: Backbone, ledger: Ledger) -> Finding:
    """Raw [0, 255] pixels reach a network that wants them scaled.

    Why it hurts: MobileNetV2, Inception and Xception were trained on [-1, 1]; values a hundred
        times larger saturate them. VGG and ResNet only miss the mean subtraction, which often
        costs little.
    How it is found: the sample at the backbone's input spans [0, 255], the backbone wants
        another convention and does not rescale inside.
    Fix: call the backbone's own `preprocess_input`, for training, validation and prediction.
    Limits: none known beyond dark data sets, which give "unknown".
    """
    if isinstance(stats := _at_backbone(pixels, backbone), Finding):
        return stats
    if verdict := _settled(stats, backbone.convention, backbone.name):
        return verdict
    seen = observed(stats)
    if seen != "byte":
        return clear(f"pixels fit {range_text(seen)}: not raw bytes")
    return _mismatch(stats, seen, backbone, ledger, where=(backbone.site,))


@rule(
    "PRE005",
    "uint8-wrap-around",
    source="https://numpy.org/doc/stable/user/basics.types.html#overflow-errors",
)
def uint8_wrap_around(ledger: Ledger) -> Finding:
    """Arithmetic on byte arrays overflowed and wrapped around, or a cast to bytes lost the pixels.

    Why it hurts: in uint8, 200 + 100 is 44 and 10 - 20 is 246. Bright pixels turn dark, and
        pictures with them. Of fractions a cast to bytes, or to any whole numbers, leaves 0 and 1;
        so does writing them into an array made for such, and `x // 255`.
    How it is found: the operator was repeated in float arithmetic on a sample, and the share of
        values that differ was counted; for a cast those that differ by more than rounding leaves.
    Fix: turn pictures into float32 before any arithmetic, and leave them so.
    Limits: arithmetic meant to wrap (hashes, bit tricks) looks the same; the measured gain
        tells them apart.
    """
    wraps = ledger.of("uint8-wrap")
    if not wraps:
        return clear("no arithmetic on bytes wrapped around, and no cast lost pixels")
    worst = max(wraps, key=_wrapped)
    if _wrapped(worst) < WRAPPED:
        return unknown(f"only {_wrapped(worst):.2%} of the values wrapped around")
    casts = {call.site: _is_cast(call) for call in wraps if _wrapped(call) >= WRAPPED}
    operator = worst.details.get("operator", "operator")
    how = {
        "astype": "were lost in a cast to whole numbers",
        "//": "were lost in a division without remainder (//)",
    }.get(operator, f"wrapped around in byte arithmetic ({operator})")
    return found(
        f"{_wrapped(worst):.0%} of the values {how} at line {worst.site.line}",
        fix="convert to float32 before the arithmetic, and keep it",
        where=tuple(casts),
        repairs=tuple(float_arithmetic(site, is_cast=cast) for site, cast in casts.items()),
        severity=min(0.6, 0.1 + _wrapped(worst)),
        wrapped=_wrapped(worst),
    )


@rule(
    "PRE006",
    "raw-pixels-into-fresh-network",
    source="https://stackoverflow.com/questions/53654594 and LeCun et al., Efficient BackProp, "
    "1998",
)
def raw_pixels_into_fresh_network(
    pixels: Pixels,
    output: Output,
    training: Training,
    ledger: Ledger,
    backbone: Backbone | None = None,
) -> Finding:
    """A network without pretrained weights starts on raw [0, 255] pixels, and blows up.

    Why it hurts: usual initialisations keep the size of what they are fed. Inputs of a hundred
        give logits of a hundred: the first updates are huge, and units die.
    How it is found: bytes at the model's input, no rescaling layer and no BatchNorm, and a loss
        before the first update of more than three times ln(classes).
    Fix: put `Rescaling(1/255)` first.
    Limits: many small networks train well on raw bytes all the same; only a blown-up start is
        taken as broken.
    """
    stats = pixels.model_train
    if backbone is not None and backbone.weights != "none":
        return clear(f"the network is a pretrained {backbone.name}: PRE001 to PRE004 are about it")
    if stats.n_images < MIN_IMAGES:
        return unknown(f"needs {MIN_IMAGES} pictures or more, has {stats.n_images}")
    if stats.high < BYTES or stats.low < -1:
        return clear(f"pixels span {span_text(stats)}, not raw bytes")
    if training.fresh_batchnorm or ledger.of("rescaling"):
        return clear("pixels are raw bytes, but the network rescales or normalises them itself")
    usual = math.log(max(2, output.n_classes))
    if math.isnan(training.first_loss):
        return unknown("the loss before the first update was not measured")
    if training.first_loss < BLOWN_UP * usual:
        return clear(f"raw bytes, but the first loss {training.first_loss:.2f} is an ordinary one")
    return found(
        f"pixels span {span_text(stats)} and the loss before the first update is "
        f"{training.first_loss:.1f}, where ln({output.n_classes}) = {usual:.1f} is usual",
        fix="put Rescaling(1/255) first in the model",
        where=(training.site,),
        repairs=(convert_pixels(conversion("byte", "unit"), boundary="model"),),
        severity=0.3,
        first_loss=training.first_loss,
    )


@rule(
    "PRE007",
    "pixels-in-no-convention",
    source="Keras applications/imagenet_utils.py, preprocess_input: modes caffe, tf and torch are "
    "all there are",
)
def pixels_in_no_convention(pixels: Pixels, backbone: Backbone, ledger: Ledger) -> Finding:
    """Pixels reach the backbone squeezed into a sliver of its range, or blown up far beyond it.

    Why it hurts: as in PRE003, whatever led there: differences between pixels are too small to
        be told from the bias of the first layer, or so large that everything saturates.
    How it is found: the sample at the backbone's input fits no usual convention, and spans less
        than a quarter of what the backbone was trained on, or more than four times as much.
    Fix: scale once, with the `preprocess_input` of this backbone's own module.
    Limits: the repair takes the darkest value for 0 and the brightest for 255: right for
        pictures of usual contrast, and the measured gain tells where it is not.
    """
    if isinstance(stats := _at_backbone(pixels, backbone), Finding):
        return stats
    if fits(stats, backbone.convention) or observed(stats):
        return clear(f"pixels span {span_text(stats)}, which a usual convention explains")
    low, high = byte_range(backbone.convention)
    ratio = (stats.high - stats.low) / (high - low)
    is_bytes = stats.low >= 0 and (stats.high > BYTES or stats.whole_numbers >= WHOLE)
    if backbone.convention == "byte" and is_bytes and ratio <= 1:
        return unknown(f"pixels span {span_text(stats)}: dark pictures, as they were read")
    seen = (
        f"pixels span {span_text(stats)}, but {backbone.name} was trained on "
        f"{range_text(backbone.convention)}"
    )
    if stats.high <= stats.low:
        return unknown(f"{seen}: there is nothing to stretch")
    if SQUEEZED < ratio < STRETCHED:
        return unknown(f"{seen}, which may be dark or flat pictures rightly scaled")
    return found(
        f"{seen}: {ratio:.3g} times the span",
        fix=f"feed {range_text(backbone.convention)} pixels: scale once, as {backbone.name} "
        "expects",
        where=_scaling_sites(ledger) or (backbone.site,),
        repairs=(convert_pixels(stretch((stats.low, stats.high), backbone.convention)),),
        severity=0.5,
    )


@rule(
    "PRE008",
    "scaled-once-more-each-pass",
    source="https://github.com/tensorflow/tensorflow/issues/43938 and Keras "
    "applications/imagenet_utils.py: preprocess_input writes over float arrays; "
    "https://numpy.org/doc/stable/user/basics.copies.html: a slice is a view",
)
def scaled_once_more_each_pass(training: Training, ledger: Ledger) -> Finding:
    """Every pass over the pictures scales them once more.

    Why it hurts: `preprocess_input` writes over the float array it is given. A slice of an array
        is that array: in the second epoch it is scaled already, and is scaled again.
    How it is found: read twice in the same order, the pictures differ by one scale and one offset a
        channel, and `preprocess_input` was given float arrays.
    Fix: give `preprocess_input` a copy, or keep bytes in the array.
    Limits: arrays that are scaled over and over by the script's own arithmetic are not seen.
    """
    if not training.drifting:
        return clear("a second pass finds the same pixels, or others at random")
    parts = " and ".join(training.drifting)
    calls = [c for c in ledger.of("preprocess_input") if c.details.get("in_place")]
    if not calls:
        return unknown(f"a second pass finds {parts} pictures scaled once more, by no known call")
    sites = tuple(dict.fromkeys(call.site for call in calls))
    return found(
        f"a second pass finds {parts} pictures scaled once more: preprocess_input at line "
        f"{', '.join(str(site.line) for site in sites)} writes over the script's own array",
        fix="give preprocess_input a copy: preprocess_input(x.copy())",
        where=sites,
        repairs=tuple(copy_before_preprocessing(site) for site in sites),
        severity=0.5,
    )


@rule(
    "PRE009",
    "next-to-nothing-at-the-first-weights",
    source="https://github.com/tensorflow/tensorflow/issues/43938 (scaled twice) and LeCun et al., "
    "Efficient BackProp, 1998, Sec. 4.3: inputs of a spread near 1",
)
def next_to_nothing_at_the_first_weights(
    pixels: Pixels, training: Training, accuracy: Accuracy, ledger: Ledger
) -> Finding:
    """The first weights of a network of the script's own are fed pixels scaled twice.

    Why it hurts: [0, 1] divided by 255 once more is [0, 0.004]. The first layer gives its bias,
        whatever the picture, and takes hundreds of updates to grow out of it.
    How it is found: what reaches the first layer with weights spans less than 0.05, and training
        pictures are not learnt.
    Fix: scale once: in the pipeline or with a `Rescaling` layer, not both.
    Limits: networks that normalise what they are fed, by a first BatchNorm or `Normalization`
        layer, are not asked. Of pretrained ones PRE003 and PRE007 speak.
    """
    span = training.first_span
    if span is None:
        return unknown("what the first weights are fed was not seen")
    low, high = span
    seen = f"the first weights are fed [{low:.4g}, {high:.4g}]"
    if high - low >= SLIVER:
        return clear(seen)
    if high <= low:
        return unknown(f"{seen}: there is nothing to stretch")
    if math.isnan(accuracy.train):
        return unknown(f"{seen}; accuracy on training pictures was not measured")
    if accuracy.train >= LEARNT:
        return clear(f"{seen}, and training pictures are learnt: {accuracy.train:.2f}")
    stats = pixels.model_train
    factor = 255.0 if low * 255 >= -1 - SLIVER and high * 255 <= 1 + SLIVER else 1 / (high - low)
    back = Affine(order=RGB, scale=(factor,) * 3, offset=(0.0,) * 3)
    return found(
        f"{seen}; pictures enter the model as {span_text(stats)}",
        fix="scale pixels once, to [0, 1] or [-1, 1]",
        where=_scaling_sites(ledger) or (training.site,),
        repairs=(convert_pixels(back, boundary="model"),),
        severity=0.4,
    )


@rule(
    "PRE010",
    "pixels-that-are-no-numbers",
    source="https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html"
    ": a deviation of 0 is replaced by 1",
)
def pixels_that_are_no_numbers(pixels: Pixels, ledger: Ledger) -> Finding:
    """Pixels were divided by nothing.

    Why it hurts: where every picture is black, mean and deviation are 0, and 0 / 0 is no number.
        One such pixel makes the loss, all gradients and then all weights no numbers.
    How it is found: values at the model's input that are not finite.
    Fix: divide by `std + 1e-7`, or by one deviation for all pixels.
    Limits: none known.
    """
    stats = pixels.model_train
    if stats.n_images < MIN_IMAGES:
        return unknown(f"needs {MIN_IMAGES} pictures or more, has {stats.n_images}")
    if stats.finite == 1:
        return clear("all pixels are numbers")
    return found(
        f"{1 - stats.finite:.1%} of the pixels that enter the model are no finite numbers",
        fix="divide by the deviation plus 1e-7",
        where=_scaling_sites(ledger),
        repairs=(fill_gaps(),),
        severity=0.9,
    )


def _at_backbone(pixels: Pixels, backbone: Backbone) -> PixelStats | Finding:
    """Training pictures at the backbone's input, or why they cannot be judged."""
    is_fresh = backbone.weights == "none" and backbone.looks_random is not False
    if is_fresh and not backbone.rescales_inside:
        return clear(f"{backbone.name} has no pretrained weights, which would expect a convention")
    stats = pixels.backbone_train
    if stats is None:
        return unknown("no picture was seen entering a recognised backbone")
    if stats.n_images < MIN_IMAGES:
        return unknown(f"needs {MIN_IMAGES} pictures or more, has {stats.n_images}")
    return stats


def _settled(stats: PixelStats, wanted: str, name: str) -> Finding | None:
    """The verdict where nothing is wrong or nothing can be said; None where another fits."""
    seen = observed(stats)
    # [0, 1] is [-1, 1] of low contrast as well: what fits plainly better is what it is
    is_another = seen and not same(seen, wanted) and stats.misfit + PLAINLY < misfit(stats, wanted)
    if fits(stats, wanted) and not is_another:
        return clear(f"pixels span {span_text(stats)}, as {name} expects: {range_text(wanted)}")
    if not seen:
        return unknown(f"pixels span {span_text(stats)}, which fits no usual convention clearly")
    rival = stats.runner_up
    is_tie = rival and stats.runner_up_misfit <= min(GOOD_FIT, stats.misfit + EQUALLY_GOOD)
    if is_tie and not (same(seen, rival) or _is_double(seen) or _is_double(rival)):
        return unknown(f"pixels span {span_text(stats)}, {seen!r} and {rival!r} fit equally well")
    return None


def _is_cast(call: Call) -> bool:
    return bool(call.details.get("operator") == "astype")


def _wrapped(call: Call) -> float:
    """Share of the values that byte arithmetic got wrong."""
    return float(call.details.get("wrapped", 0.0))


def _is_double(convention: str) -> bool:
    return "-of-" in convention


def _mismatch(
    stats: PixelStats,
    seen: str,
    backbone: Backbone,
    ledger: Ledger,
    *,
    extra: str = "",
    where: tuple[Site | None, ...] = (),
) -> Finding:
    wanted = backbone.convention
    return found(
        f"pixels span {span_text(stats)}, the {seen!r} convention, but {backbone.name} "
        f"was trained on {range_text(wanted)}{extra}",
        fix=f"feed {range_text(wanted)} pixels: scale once, as {backbone.name} expects",
        where=where or _scaling_sites(ledger) or (backbone.site,),
        repairs=(convert_pixels(conversion(seen, wanted)),),
        severity=_severity(seen, backbone),
        observed=seen,
        expected=wanted,
    )


def _severity(seen: str, backbone: Backbone) -> float:
    """Points at stake: the ratio of the spans decides, and networks without BatchNorm forgive."""
    (low, high), (wanted_low, wanted_high) = byte_range(seen), byte_range(backbone.convention)
    ratio = (high - low) / (wanted_high - wanted_low)
    if 0.4 <= ratio <= 2.5:
        return 0.1
    if _is_double(seen):
        return 0.6
    return 0.2 if not backbone.n_batchnorm else 0.5


def _scaling_sites(ledger: Ledger) -> tuple[Site, ...]:
    calls: tuple[Call, ...] = ledger.of(*SCALING_CALLS)
    return tuple(dict.fromkeys(call.site for call in calls))


RULES = (
    pixel_scale_mismatch,
    scaled_before_rescaling_backbone,
    preprocessed_twice,
    raw_pixels_unscaled,
    uint8_wrap_around,
    raw_pixels_into_fresh_network,
    pixels_in_no_convention,
    scaled_once_more_each_pass,
    next_to_nothing_at_the_first_weights,
    pixels_that_are_no_numbers,
)

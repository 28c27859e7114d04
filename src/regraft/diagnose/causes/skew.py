"""SKW: training, validation and prediction prepare their pictures differently."""

from collections.abc import Iterator

from regraft.diagnose.causes.scale import (
    GOOD_FIT,
    MIN_IMAGES,
    fits,
    is_gray,
    observed,
    same,
    span_text,
)
from regraft.diagnose.conventions import BGR, CONVENTIONS, RGB, Affine, conversion
from regraft.diagnose.evidence import Accuracy, Ledger, Pixels, PixelStats, Training
from regraft.diagnose.repairs import (
    convert_pixels,
    transform_only,
    transform_pictures,
    true_resize,
)
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

STRETCHED = 3.0  # ratio of the spans of two parts, where no convention explains them
SHIFTED = 0.4  # distance of their middles, in spans: a missing "- 1" or "- 0.5" is half a span
CLOSE_FIT = 0.1  # of both parts: pixels less their mean, over their spread, miss one by 0.13
APART_ENDS = 0.45  # spans of validation, of the ends of training from its own
COLOURED = 0.05  # of the span: channel means further apart say which channel is which
LOST = 0.25  # of neighbour correlation, in one part only
BEHIND = 0.15  # points of accuracy: from there on changes of the pictures are tried
WORTH = 0.1  # validation accuracy a transform must give
MIN_ROWS = 100
APART = 0.05
FITTED_ANEW = 0.05  # of their deviation: what a hundred rows make a mean or a deviation differ by


@rule(
    "SKW001",
    "validation-scaled-differently",
    source="https://github.com/keras-team/keras/issues/12689 and "
    "https://github.com/keras-team/keras/issues/7187",
)
def validation_scaled_differently(pixels: Pixels, training: Training | None = None) -> Finding:
    """Validation pictures are on another scale than training pictures.

    Why it hurts: the network is asked about pictures unlike any it was trained on. Training
        looks perfect, validation is at chance.
    How it is found: pixel conventions of both parts at the same boundary; where no convention
        fits, ranges that differ three times in width or do not overlap.
    Fix: one function prepares all pictures; better, scale inside the model.
    Limits: parts with truly different light stay below these limits; SHF001 looks at them.
    """
    answer = unknown("pictures of one part were not seen")
    for boundary, train, other in _both_parts(pixels):
        verdict = _compare(train, other, "validation")
        if isinstance(verdict, Finding):
            answer = verdict
        else:
            return found(
                f"training pictures span {span_text(train)}{_named(train)}, validation pictures "
                f"{span_text(other)}{_named(other)}",
                fix="prepare both parts with one function, or scale inside the model",
                where=(training.site if training else None,),
                repairs=(
                    convert_pixels(
                        verdict,
                        part="validation",
                        boundary=boundary,
                        only_span=(other.low, other.high),
                    ),
                ),
                severity=0.7,
            )
    return answer


@rule(
    "SKW002",
    "validation-geometry-differs",
    source="https://github.com/keras-team/keras-applications/issues/99 and OpenCV imread: "
    "channels are in B G R order",
)
def validation_geometry_differs(
    pixels: Pixels, accuracy: Accuracy, training: Training, ledger: Ledger
) -> Finding:
    """Validation pictures are turned, mirrored, inverted, cut or zoomed, or in another order.

    Why it hurts: what was learnt upright is asked sideways.
    How it is found: validation accuracy with pictures turned, mirrored, inverted or zoomed on
        their way in; channel means that agree with training only when reversed; neighbour
        correlation lost in one part.
    Fix: read and resize both parts with one function.
    Limits: small differences of cropping or interpolation are not seen here; where training
        holds the fault, validation is made like it, which measures the same gap.
    """
    train, other = pixels.model_train, pixels.model_validation
    if other is None:
        return unknown("no validation picture was seen")
    if min(train.n_images, other.n_images) < MIN_IMAGES:
        return unknown(f"needs {MIN_IMAGES} pictures or more in both parts")
    if accuracy.by_transform and accuracy.n_validation >= MIN_ROWS:
        best = max(accuracy.by_transform, key=lambda name: accuracy.by_transform[name])
        reached = accuracy.by_transform[best]
        if reached >= accuracy.validation + WORTH:
            return found(
                f"validation goes from {accuracy.validation:.2f} to {reached:.2f} with its "
                f"pictures changed by {best!r}",
                fix="read validation pictures as the training pictures are read",
                where=(training.site,),
                repairs=(transform_pictures(best, part="validation"),),
                severity=min(0.9, reached - accuracy.validation),
            )
    if _reversed_means(train, other):
        return found(
            f"channel means are {_means(train)} in training and {_means(other)} in validation: "
            "red and blue are swapped in one part",
            fix="convert BGR to RGB in both parts, right after reading",
            where=(training.site,),
            repairs=(convert_pixels(_reversal(other), part="validation", boundary="model"),),
            severity=0.1,
        )
    lost = train.neighbour_correlation - other.neighbour_correlation
    is_behind = accuracy.train - accuracy.validation > BEHIND
    if lost <= LOST and is_behind and not accuracy.by_transform:
        return unknown("there was no time to ask about pictures turned, mirrored or inverted")
    if lost <= LOST:
        return clear("both parts have their pictures the same way up, as far as can be measured")
    calls = [call for call in ledger.of("numpy.resize") if call.details.get("picture_like")]
    seen = (
        f"neighbouring pixels agree {train.neighbour_correlation:.2f} in training, "
        f"{other.neighbour_correlation:.2f} in validation"
    )
    if not calls:
        return unknown(f"{seen}, and no recorded call explains it")
    return found(
        seen,
        fix="resize validation pictures with a real resize",
        where=tuple(call.site for call in calls),
        repairs=tuple(true_resize(call.site) for call in calls),
        severity=0.6,
    )


@rule(
    "SKW003",
    "prediction-prepared-differently",
    source="https://github.com/keras-team/keras/issues/14185 and "
    "https://github.com/keras-team/keras/issues/14099",
)
def prediction_prepared_differently(
    pixels: Pixels, accuracy: Accuracy, training: Training
) -> Finding:
    """Pictures given to `predict` are prepared unlike those of `fit`.

    Why it hurts: the model is good, and what it is asked is not what it knows.
    How it is found: scale of the pictures given to `predict` against those of the training; the
        number claimed from predictions against the one on properly prepared validation rows.
    Fix: one function prepares all pictures; better, scale inside the model.
    Limits: if validation was scored by these very predictions, SKW001 sees the same.
    """
    if pixels.predicted is None:
        return unknown("no pictures were seen entering predict")
    verdict = _compare(pixels.model_train, pixels.predicted, "predict")
    if isinstance(verdict, Finding):
        return verdict
    seen = (
        f"pictures span {span_text(pixels.predicted)} at predict and "
        f"{span_text(pixels.model_train)} in training"
    )
    if pixels.model_validation is not None and not isinstance(
        _compare(pixels.model_train, pixels.model_validation, "validation"), Finding
    ):
        return clear(f"{seen}; validation was scored like this: SKW001 is about it")
    is_of_predictions = accuracy.claimed_by in ("predict", "sklearn")
    claimed = accuracy.claimed if is_of_predictions else accuracy.counted
    if claimed is None:
        return unknown(f"{seen}, but no number was computed from the predictions")
    if accuracy.claimed_by == "evaluate" and not observed(pixels.predicted):
        return unknown(f"{seen}, which may be meant: pictures prepared as usual are scored as well")
    if abs(claimed - accuracy.validation) < APART:
        return clear(f"{seen}, which costs nothing: {claimed:.3f}")
    return found(
        f"{seen}; {claimed:.3f} was computed from these predictions, validation rows "
        f"prepared like the training reach {accuracy.validation:.3f}",
        fix="prepare pictures for predict exactly as for fit",
        where=(training.site,),
        claimed=claimed,
        honest=accuracy.validation,
        severity=min(0.7, abs(claimed - accuracy.validation)),
    )


@rule(
    "SKW004",
    "transformer-fitted-again",
    source="https://scikit-learn.org/stable/common_pitfalls.html#inconsistent-preprocessing",
)
def transformer_fitted_again(ledger: Ledger) -> Finding:
    """What reduces or scales features is fitted once more, on the rows that are scored.

    Why it hurts: axes of a second PCA have other directions and signs, and a second scaling another
        zero. The classifier is asked in a language it was not taught.
    How it is found: `fit_transform` of a second object of the same class and settings, or of the
        same one on other rows, gives values that the first would not; `transform` is never called.
    Fix: `fit_transform` the training rows, `transform` all others.
    Limits: scikit-learn only. Fitted again for a figure it costs nothing: the gain decides.
    """
    again = [c for c in ledger.of("fit_transform") if not c.details.get("is_used_again")]
    if not again:
        return clear("no transformer is fitted twice and never used to transform")
    if all(call.details["apart"] is None for call in again):
        return unknown("transformers are fitted again, on too many values to compare")
    apart = [call for call in again if (call.details["apart"] or 0.0) > FITTED_ANEW]
    if not apart:
        return clear("transformers that are fitted again give nearly the same")
    names = ", ".join(dict.fromkeys(str(call.details["transformer"]) for call in apart))
    of_site = tuple(dict.fromkeys(call.site for call in apart))
    return found(
        f"{names} is fitted a second time at line {of_site[0].line}, on other rows: the first one "
        f"gives these rows values that are {apart[0].details['apart']:.2g} deviations away",
        fix="fit on the training rows only, and call transform on the others",
        where=of_site,
        repairs=tuple(transform_only(site) for site in of_site),
        severity=0.4,
    )


def are_scaled_differently(pixels: Pixels) -> bool:
    """Do validation pictures reach the model, or the backbone, on another scale than training's?"""
    return any(
        not isinstance(_compare(train, other, "validation"), Finding)
        for _, train, other in _both_parts(pixels)
    )


def _both_parts(pixels: Pixels) -> Iterator[tuple[str, PixelStats, PixelStats]]:
    """A boundary with what reaches it in training and in validation, where both were seen."""
    # what is inside the model is the same for both parts: they can differ before it only
    for boundary, train, other in (
        ("model", pixels.model_train, pixels.model_validation),
        ("backbone", pixels.backbone_train, pixels.backbone_validation),
    ):
        if train is not None and other is not None:
            yield boundary, train, other


def _compare(train: PixelStats, other: PixelStats, name: str) -> Affine | Finding:
    """The map that makes `other` like `train`, or why there is nothing to map."""
    if min(train.n_images, other.n_images) < MIN_IMAGES:
        return unknown(f"needs {MIN_IMAGES} pictures or more in both parts")
    seen = f"training spans {span_text(train)}, {name} {span_text(other)}"
    wide, narrow = train.high - train.low, other.high - other.low
    if min(wide, narrow) <= 0:
        return unknown(f"{seen}: constant pictures")
    a, b = observed(train), observed(other)
    if a and b:
        # [0, 1] could be bright pictures in [-1, 1]: not beside others that use the whole of it
        off = max(abs(train.low - other.low), abs(train.high - other.high))
        may_be_alike = off <= GOOD_FIT * wide and (fits(other, a) or fits(train, b))
        if same(a, b) or may_be_alike:
            return clear(seen)
        if max(train.misfit, other.misfit) <= CLOSE_FIT:
            return conversion(b, a)
        # one of them is no convention, such as digits less their mean: their ends are matched
        is_apart = min(train.misfit, other.misfit) <= CLOSE_FIT and off > APART_ENDS * narrow
        return _ends_matched(train, other) if is_apart else clear(seen)
    ratio = max(wide, narrow) / min(wide, narrow)
    shift = abs(train.high + train.low - other.high - other.low) / 2 / max(wide, narrow)
    if ratio < STRETCHED and shift < SHIFTED:
        return clear(seen)
    return _ends_matched(train, other)


def _ends_matched(train: PixelStats, other: PixelStats) -> Affine:
    """The map that takes what `other` spans to what `train` spans."""
    scale = (train.high - train.low) / (other.high - other.low)
    offset = train.low - scale * other.low
    return Affine(order=RGB, scale=(scale,) * 3, offset=(offset,) * 3)


def _named(stats: PixelStats) -> str:
    return f" ({observed(stats)!r})" if observed(stats) else ""


def _means(stats: PixelStats) -> str:
    return ", ".join(f"{mean:.3g}" for mean in stats.channel_means)


def _reversed_means(train: PixelStats, other: PixelStats) -> bool:
    """Do the channel means of the two parts agree only after reversing one?"""
    if train.channels != 3 or other.channels != 3 or is_gray(train) or is_gray(other):
        return False
    span = train.high - train.low
    straight = max(
        abs(a - b) for a, b in zip(train.channel_means, other.channel_means, strict=True)
    )
    turned = max(
        abs(a - b) for a, b in zip(train.channel_means, other.channel_means[::-1], strict=True)
    )
    return straight > COLOURED * span and turned < straight / 3


def _reversal(stats: PixelStats) -> Affine:
    """Swap red and blue in pictures on the scale of `stats`."""
    right = CONVENTIONS[observed(stats) or "byte"]
    order = BGR if right.order == RGB else RGB
    return right.after(Affine(order=order, scale=right.scale, offset=right.offset).inverse())


RULES = (
    validation_scaled_differently,
    validation_geometry_differs,
    prediction_prepared_differently,
    transformer_fitted_again,
)

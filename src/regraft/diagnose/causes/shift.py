"""SHF: training and validation pictures come from different sources."""

import math

from regraft.diagnose.causes.scale import observed, same
from regraft.diagnose.evidence import Accuracy, Ledger, Pixels, Shift, Training
from regraft.diagnose.repairs import resplit
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

MIN_ROWS = 100
TELLABLE = 0.7  # area under the curve of telling the parts apart; a random split gives 0.5
APART = 0.85
# Area under the curve of sorting by one property alone. Digits through another scanner, inverted,
# thinner or half the size: 0.99 and more. Made-up patients, each with a light and a contrast of its
# own: up to 0.83 with 3 of 12 or 6 of 30 in validation, up to 0.95 with one of six.
BY_ONE = 0.95
# Share of validation pictures that come in series, which a new split would tear apart: 0.00 to
# 0.01 of digits, 0.17 to 0.46 of those patients.
TWINS = 0.1
FALLEN = 0.1  # validation accuracy below training
# Of so many points nothing is left where the pictures are of another kind (printed digits and
# written ones: 1.00 and 0.20); other subjects of one source cost less.
COLLAPSED = 0.6


@rule(
    "SHF001",
    "validation-from-another-source",
    source="Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017, "
    "https://arxiv.org/abs/1610.06545",
)
def validation_from_another_source(
    shift: Shift,
    accuracy: Accuracy,
    training: Training,
    pixels: Pixels | None = None,
    ledger: Ledger | None = None,
) -> Finding:
    """Validation pictures are of another kind than training pictures.

    Why it hurts: another camera, site or style. The network was never shown what it is asked.
    How it is found: a classifier tells the two parts apart from thumbnails, cross-validated with
        equal class shares, and so does one property of whole pictures (brightness, contrast,
        sharpness, background, colour), or next to nothing is left of the training accuracy; and
        validation accuracy lies clearly below training accuracy.
    Fix: train on pictures like those it will be asked about; split so that both parts hold
        every source.
    Limits: if use will be like the validation part, its score is the honest one: the repair
        measures the cost of the shift, not a fault of the script. Parts that hold other patients
        or scenes, as they should, are told apart too: "unknown" where the script splits by group,
        where pictures come in series, or where no single property differs. Two or three groups
        alone cannot be told from two sources.
    """
    if shift.n < MIN_ROWS:
        return unknown(f"{shift.n} rows are too few to tell the parts apart")
    seen = f"training and validation pictures are told apart at {shift.separability:.2f} (AUC)"
    if shift.separability < TELLABLE:
        return clear(seen)
    if pixels is not None and pixels.model_validation is not None:
        a, b = observed(pixels.model_train), observed(pixels.model_validation)
        if a and b and not same(a, b):
            return unknown(f"{seen}, but they are scaled differently, which is enough for that")
    turned = max(accuracy.by_transform.values(), default=0.0)
    if turned >= accuracy.validation + FALLEN:
        return clear(f"{seen}, but one change of the validation pictures explains it: SKW002")
    if shift.separability < APART:
        return unknown(f"{seen}: some shift, not a clear one")
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    if accuracy.train - accuracy.validation < FALLEN:
        return clear(f"{seen}, but validation is as good as training: {accuracy.validation:.2f}")
    if accuracy.train - accuracy.elsewhere < FALLEN:
        return unknown(
            f"{seen}, but other pictures that were held out are told at {accuracy.elsewhere:.2f}: "
            "these may be of another kind on purpose"
        )
    has_collapsed = accuracy.train - accuracy.validation >= COLLAPSED
    if (groups := _groups(shift, ledger, has_collapsed=has_collapsed)) is not None:
        return unknown(f"{seen}, but {groups}")
    return found(
        f"{seen}, by {shift.told_by} alone at {shift.by_one:.2f}; {accuracy.train:.2f} on "
        f"training, {accuracy.validation:.2f} on validation pictures",
        fix="train on pictures of the same kind as those it is asked about",
        where=(training.site,),
        repairs=(resplit(scored=shift.is_of_scored),),
        severity=min(0.5, accuracy.train - accuracy.validation),
        separability=shift.separability,
    )


def _groups(shift: Shift, ledger: Ledger | None, *, has_collapsed: bool) -> str | None:
    """Why the parts may hold different subjects of one source; None where they do not."""
    by_group = ledger.of("group-split") if ledger is not None else ()
    if by_group:
        return f"line {by_group[0].site.line} splits by group, and a new split would not"
    if shift.twins > TWINS:
        return f"{shift.twins:.0%} of the validation pictures come in series of nearly the same"
    if shift.by_one < BY_ONE and not has_collapsed:
        return (
            f"no single property of whole pictures does it ({shift.told_by or 'none seen'}: "
            f"{shift.by_one:.2f}): they may be other subjects of the same source"
        )
    return None


RULES = (validation_from_another_source,)

"""SHF: training and validation pictures come from different sources."""

import math

from regraft.diagnose.causes.scale import observed, same
from regraft.diagnose.evidence import Accuracy, Pixels, Shift, Training
from regraft.diagnose.repairs import resplit
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

MIN_ROWS = 100
TELLABLE = 0.7  # area under the curve of telling the parts apart; a random split gives 0.5
APART = 0.85
FALLEN = 0.1  # validation accuracy below training


@rule(
    "SHF001",
    "validation-from-another-source",
    source="Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017, "
    "https://arxiv.org/abs/1610.06545",
)
def validation_from_another_source(
    shift: Shift, accuracy: Accuracy, training: Training, pixels: Pixels | None = None
) -> Finding:
    """Validation pictures are of another kind than training pictures.

    Why it hurts: another camera, site or style. The network was never shown what it is asked.
    How it is found: a classifier tells the two parts apart from frozen features, cross-validated
        with equal class shares, and validation accuracy lies clearly below training accuracy.
    Fix: train on pictures like those it will be asked about; split so that both parts hold
        every source.
    Limits: if use will be like the validation part, its score is the honest one: the repair
        measures the cost of the shift, not a fault of the script.
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
    return found(
        f"{seen}; {accuracy.train:.2f} on training, {accuracy.validation:.2f} on validation "
        "pictures",
        fix="train on pictures of the same kind as those it is asked about",
        where=(training.site,),
        repairs=(resplit(),),
        severity=min(0.5, accuracy.train - accuracy.validation),
        separability=shift.separability,
    )


RULES = (validation_from_another_source,)

"""AUG: random changes to pictures that do harm."""

from regraft.diagnose.causes.scale import is_gray
from regraft.diagnose.evidence import (
    Accuracy,
    Association,
    Augmentation,
    Ledger,
    Pixels,
    Training,
)
from regraft.diagnose.repairs import drop_augmentation, drop_call
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

DAMAGED = 0.15  # accuracy a probe trained on plain pictures loses on augmented ones
FAR_OUT = 0.5  # of the plain span: further out is another scale, not brightness
OUT = 0.25
ENOUGH = 0.5  # of the planned updates
# Above chance. Pictures mixed with weights from Beta(0.3, 0.3) and their labels with the same
# leave a probe far above it, swapped weights at 0.06: where the network itself is 0.5 above.
UNRELATED, RELATED = 0.1, 0.3


@rule(
    "AUG001",
    "augmentation-changes-the-class",
    source="https://stackoverflow.com/questions/57275278 (digits turned by 90 degrees)",
)
def augmentation_changes_the_class(
    augmentation: Augmentation, accuracy: Accuracy, training: Training | None = None
) -> Finding:
    """Augmented training pictures no longer show their class.

    Why it hurts: a 6 turned upside down is a 9 with the label 6; crops and erasures can remove
        the object. The network is taught wrong answers.
    How it is found: a probe fitted on plain pictures is scored on held-out pictures, plain and
        augmented; and the network itself, trained on augmented pictures, knows its training
        pictures less well than the probe knows pictures it never saw.
    Fix: only changes that keep the class: no flips of digits, no turns of arrows.
    Limits: strong augmentation that keeps the class also lowers the probe; the gain decides, and
        where the probe sees thumbnails only, "unknown" if less than half of the updates were made.
    """
    if not augmentation.train_is_random:
        return clear("training pictures are not changed at random")
    plain, changed = augmentation.plain_accuracy, augmentation.augmented_accuracy
    if plain is None or changed is None:
        return unknown("the probe on augmented pictures was not run")
    seen = f"a probe is right on {plain:.2f} of plain and {changed:.2f} of augmented pictures"
    if plain < accuracy.chance + DAMAGED:
        return unknown(f"{seen}: it knows too little to tell")
    if plain - changed < DAMAGED:
        return clear(seen)
    if accuracy.train >= plain:
        return clear(f"{seen}, but the network learns them: {accuracy.train:.2f}")
    # mild shifts already blind a probe of thumbnails; it is the training that tells then
    if training is not None and training.sampled and not augmentation.by_network:
        made = training.updates_made / max(1, training.planned_updates)
        if made < ENOUGH:
            return unknown(f"{seen}; after {made:.0%} of the updates it may yet learn them")
    return found(
        f"{seen}; the network itself is right on {accuracy.train:.2f} of its training pictures",
        fix="leave out the changes that alter the class, or make them weaker",
        where=tuple(call.site for call in augmentation.sites),
        repairs=(drop_augmentation(part="train"),),
        severity=min(0.5, (plain - changed) / 2),
        lost=plain - changed,
    )


@rule(
    "AUG002",
    "augmentation-leaves-the-range",
    source="https://github.com/keras-team/keras-preprocessing/issues/114 and "
    "https://stackoverflow.com/questions/55786384",
)
def augmentation_leaves_the_range(augmentation: Augmentation) -> Finding:
    """Augmentation puts pixels on another scale.

    Why it hurts: brightness layers that expect [0, 255] shift [0, 1] pictures by tens; validation
        pictures, not augmented, come on a scale the network never saw.
    How it is found: range of augmented against plain pictures at the same boundary.
    Fix: give `value_range=(0, 1)`, or augment before scaling.
    Limits: a little beyond the range (contrast, padding) is usual and clear.
    """
    if not augmentation.train_is_random:
        return clear("training pictures are not changed at random")
    span = augmentation.plain_high - augmentation.plain_low
    if span <= 0:
        return unknown("the plain pictures are constant")
    excess = max(
        augmentation.plain_low - augmentation.low, augmentation.high - augmentation.plain_high
    )
    seen = (
        f"plain pictures span [{augmentation.plain_low:.4g}, {augmentation.plain_high:.4g}], "
        f"augmented ones [{augmentation.low:.4g}, {augmentation.high:.4g}]"
    )
    # to a fraction, or cut at one end: RandomContrast leaves nothing outside of [0, 255]
    lost = max(
        augmentation.low - augmentation.plain_low, augmentation.plain_high - augmentation.high
    )
    shrunk = (augmentation.high - augmentation.low) < OUT * span or lost > OUT * span
    if excess <= OUT * span and not shrunk:
        return clear(seen)
    if excess <= FAR_OUT * span and not shrunk:
        return unknown(f"{seen}: beyond the range, but not by far")
    return found(
        seen,
        fix="tell the layer the value range of its pictures, or augment before scaling",
        where=tuple(call.site for call in augmentation.sites),
        repairs=(drop_augmentation(part="train"),),
        severity=0.4,
    )


@rule(
    "AUG003",
    "validation-augmented",
    source="https://github.com/keras-team/keras-preprocessing/issues/218 and "
    "https://github.com/gpleiss/efficient_densenet_pytorch/issues/51",
)
def validation_augmented(augmentation: Augmentation) -> Finding:
    """Validation pictures are changed at random too.

    Why it hurts: the score is that of harder pictures, and another one each time.
    How it is found: two passes over the validation part give different pictures, or a layer of the
        script's own changes them at random in inference, too.
    Fix: augment the training part only; two generators, or layers that act in training only: a
        `call` of one's own has to ask its `training` argument.
    Limits: mild changes cost little, and test-time augmentation is deliberate; the gain decides.
    """
    if not augmentation.validation_is_random:
        return clear("validation pictures are the same at every pass")
    plain, changed = augmentation.plain_accuracy, augmentation.augmented_accuracy
    lost = plain - changed if plain is not None and changed is not None else None
    if lost is not None and lost <= 0:
        return unknown("validation pictures are changed at random, which costs a probe nothing")
    cost = "" if lost is None else f"; a probe loses {lost:.2f} by it"
    return found(
        f"validation pictures are changed at random, to others at every pass{cost}",
        fix="augment the training part only",
        where=tuple(call.site for call in augmentation.sites),
        repairs=(drop_augmentation(part="validation"),),
        severity=min(0.5, max(0.05, lost or 0.1)),
    )


@rule(
    "AUG004",
    "labels-mixed-unlike-pictures",
    source="Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018, Eq. 1: one weight "
    "for pictures and labels",
)
def labels_mixed_unlike_pictures(
    training: Training,
    association: Association,
    accuracy: Accuracy,
    ledger: Ledger,
    pixels: Pixels | None = None,
) -> Finding:
    """A step that changes pictures and labels together leaves them unlike one another.

    Why it hurts: the network is taught the label of the picture that can hardly be seen.
    How it is found: training pictures change at random, their labels can hardly be predicted from
        them, yet the network trained on them tells validation pictures: the classes can be seen.
    Fix: mix labels with the weights of their pictures, or leave the mixing out.
    Limits: a wrong mixing that leaves most labels right is not seen; mixing in a sequence or
        generator of one's own is seen, but has no repair: "unknown".
    """
    if not training.is_random:
        return clear("training pictures are the same at every pass")
    chance = max(association.chance, accuracy.chance)
    seen = (
        f"labels are predicted from the training pictures, which change at random, at "
        f"{association.accuracy:.2f}, and validation pictures at {accuracy.validation:.2f}"
    )
    if association.accuracy > chance + UNRELATED or accuracy.validation < chance + RELATED:
        return clear(seen)
    shown = None if pixels is None else pixels.model_train
    if association.of_thumbnails and shown is not None and not is_gray(shown):
        return unknown(f"{seen}; thumbnails tell little of colour photographs")
    mixing = [call for call in ledger.of("tf.data.map") if call.details.get("is_pairs")]
    if not mixing:
        return unknown(f"{seen}, and no step of the pipeline explains it")
    site = mixing[-1].site
    return found(
        f"{seen}; the step at line {site.line} changes pictures and labels together",
        fix="mix labels with the weights of their pictures",
        where=(site,),
        repairs=(drop_call(site, "tf.data.map"),),
        severity=0.4,
    )


RULES = (
    augmentation_changes_the_class,
    augmentation_leaves_the_range,
    validation_augmented,
    labels_mixed_unlike_pictures,
)

"""LEK: validation pictures the network was trained on."""

import math

from regraft.diagnose.evidence import Accuracy, Labels, Ledger, Overlap, Site, Training
from regraft.diagnose.repairs import drop_rows, set_arguments
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

MANY = 0.02  # share of leaked pictures below which the number hardly moves
MANY_NEAR = 0.1
MOSTLY = 0.5  # of the validation pictures: with so many twins, some of the others' were not found
MOST_DROPPED = 0.9  # of the training rows: training on fewer would be another experiment
MIN_HONEST = 50  # pictures left, to measure an honest number on
CARRIED = 0.25  # above chance, of 64 training pictures: fresh weights are within four errors of it
OTHER_CLASSES = 0.3  # half the summed difference of class shares; splits by group stay below
INFLATED = 0.02  # points a leak must be worth
# Pictures with a close relative are easier anyway: near duplicates must explain more than that.
INFLATED_NEAR = 0.05


@rule(
    "LEK001",
    "identical-pictures-across-split",
    source="https://github.com/stefyste/RIAWELC/issues/2 (93% becomes 82% without the leak) and "
    "Barz and Denzler, Do We Train on Test Data?, 2020, https://arxiv.org/abs/1902.00423",
)
def identical_pictures_across_split(
    overlap: Overlap, accuracy: Accuracy, training: Training | None = None
) -> Finding:
    """Validation pictures are in the training part too.

    Why it hurts: the network has seen the answers. The number is too high, and what the network
        does on new pictures is not known.
    How it is found: hashes of the pictures of both parts; then the accuracy on the pictures
        that are not in the training part.
    Fix: remove duplicates before splitting; split by group (patient, scene, video).
    Limits: if every validation picture leaked, there is nothing left to measure on.
    """
    return _leak(
        overlap,
        accuracy,
        share=overlap.exact,
        many=MANY,
        inflated=INFLATED,
        kind="identical to",
        where=training.site if training else None,
    )


@rule(
    "LEK002",
    "near-identical-pictures-across-split",
    source="https://github.com/UCSD-AI4H/COVID-CT/issues/11 and Barz and Denzler, 2020, "
    "https://arxiv.org/abs/1902.00423",
)
def near_identical_pictures_across_split(
    overlap: Overlap,
    accuracy: Accuracy,
    training: Training | None = None,
    labels: Labels | None = None,
) -> Finding:
    """Validation pictures are slight variants of training pictures.

    Why it hurts: frames of one video, crops of one scan or augmented copies saved to disk make
        memory look like skill.
    How it is found: pictures that match a training picture after a small shift, a flip or
        another compression, or that hold the same pixels at another place, as patches of one
        picture do; then the accuracy on the others, or, where there are few, after a training
        without their twins.
    Fix: split by origin first, augment and crop afterwards.
    Limits: some data (video, product shots) are like this in use too; then the number is honest.
        Where all pictures resemble each other (digits on black), copies that were shifted by parts
        of a pixel, or turned, do not stand out.
        Where the parts hold other classes, what is rare in training is missed unless it is like
        the little that is there: "unknown".
    """
    if labels is not None and labels.total_variation > OTHER_CLASSES and overlap.near >= MANY_NEAR:
        return unknown("the parts hold different classes: SPL is about that")
    return _leak(
        overlap,
        accuracy,
        share=overlap.near - overlap.exact,
        many=MANY_NEAR,
        inflated=INFLATED_NEAR,
        kind="slight variants of",
        where=training.site if training else None,
    )


@rule(
    "LEK003",
    "split-reshuffled-each-pass",
    source="https://github.com/tensorflow/tensorflow/issues/59279",
)
def split_reshuffled_each_pass(overlap: Overlap, accuracy: Accuracy, ledger: Ledger) -> Finding:
    """`take` and `skip` after a reshuffling `shuffle` mix the parts anew each epoch.

    Why it hurts: by the last epoch the network has been trained on nearly all validation
        pictures.
    How it is found: the validation part holds other pictures each time it is read, training
        pictures among them, and `take` or `skip` comes after `shuffle` in the pipeline.
    Fix: split first, or `shuffle(..., reshuffle_each_iteration=False)`.
    Limits: where every picture leaked, the honest number is that of the repaired replay. A
        part of a test set drawn anew each time shares no picture with training: clear.
    """
    if not overlap.changes_between_passes:
        return clear("validation holds the same pictures each time it is read")
    shuffles, cuts = ledger.of("tf.data.shuffle"), ledger.of("tf.data.take", "tf.data.skip")
    before = [
        shuffle
        for shuffle in shuffles
        if any(ledger.calls.index(cut) > ledger.calls.index(shuffle) for cut in cuts)
        and shuffle.details.get("reshuffle_each_iteration") is not False
    ]
    if not before:
        return unknown("validation changes between passes, and no shuffle before a cut explains it")
    shared = max(overlap.exact, overlap.near)
    if shared < MANY:
        return clear(
            "validation holds other pictures each time it is read, but none of the training part"
        )
    site = before[0].site
    return found(
        f"shuffle at line {site.line} comes before take or skip and reshuffles: validation holds "
        f"other pictures at each pass; it is scored at {accuracy.validation:.3f}",
        fix="split before shuffling, or reshuffle_each_iteration=False",
        where=(site, cuts[0].site),
        repairs=(set_arguments(site, "tf.data.shuffle", {"reshuffle_each_iteration": False}),),
        claimed=accuracy.validation,
        honest=overlap.honest if overlap.n_honest >= MIN_HONEST else None,
        severity=0.2,
    )


@rule(
    "LEK004",
    "folds-share-their-weights",
    source="https://scikit-learn.org/stable/modules/cross_validation.html: a model is trained anew "
    "on the other folds, and asked about this one",
)
def folds_share_their_weights(overlap: Overlap, accuracy: Accuracy, training: Training) -> Finding:
    """A fold goes on with weights that were trained on its validation pictures.

    Why it hurts: the model was built once for all folds, or what it is reset to was overwritten
        meanwhile. From the second fold on it was shown what it is asked.
    How it is found: validation pictures that an earlier `fit` was trained on, a model that has most
        training pictures right before its first step, and a first fold that reached less.
    Fix: build and compile a new model for every fold.
    Limits: the honest number is that of the last fold whose validation pictures nobody had seen.
        One more training on the same split is no fold: its validation pictures stay unseen.
    """
    seen = f"an earlier fit was trained on {overlap.earlier:.0%} of the validation pictures"
    if overlap.earlier < MANY_NEAR:
        return clear(seen)
    started = f"{seen}; before its first step the model has {overlap.starts_at:.2f} right"
    if math.isnan(overlap.starts_at):
        return unknown(f"{seen}, but what the model knew before its first step was not measured")
    if overlap.starts_at < accuracy.chance + CARRIED:
        return clear(f"{started}: it begins anew")
    if overlap.first_honest is None or overlap.n_first < MIN_HONEST:
        return unknown(f"{started}, but no fold was scored on pictures nobody had seen")
    honest = overlap.first_honest
    gap = accuracy.validation - honest
    if gap <= _noticeable(honest, overlap.n_first, inflated=INFLATED_NEAR):
        return clear(f"{started}, but a fold nobody had seen reached {honest:.3f}, much the same")
    return found(
        f"{started}; on pictures that no fit had seen it reached {honest:.3f}",
        fix="build and compile a new model for every fold",
        where=(training.site,),
        claimed=accuracy.validation,
        honest=honest,
        severity=min(1.0, gap),
        share=overlap.earlier,
    )


def _leak(
    overlap: Overlap,
    accuracy: Accuracy,
    *,
    share: float,
    many: float,
    inflated: float,
    kind: str,
    where: Site | None,
) -> Finding:
    seen = f"{share:.0%} of the validation pictures are {kind} training pictures"
    if share < many:
        return clear(seen)
    may_ask = share >= MOSTLY and len(overlap.asked_rows) >= MIN_HONEST
    if overlap.honest is None or overlap.n_honest < MIN_HONEST or may_ask:
        asked, dropped = overlap.asked_rows, overlap.dropped_rows
        if len(asked) >= MIN_HONEST:
            how = (
                f"the honest number is that of {len(asked)} of them, asked after training without "
                f"their {len(dropped)} twins"
            )
        elif overlap.leaking_rows and overlap.leaking_share <= MOST_DROPPED:
            asked, dropped = (), overlap.leaking_rows
            how = (
                "too few others are left to score: the honest number is that of training without "
                "those pictures"
            )
        else:
            return unknown(f"{seen}; too few others are left to measure an honest number")
        return found(
            f"{seen}; {how}",
            fix="remove duplicates before splitting, and split by group",
            where=(where,),
            repairs=(drop_rows(dropped),),
            claimed=accuracy.validation,
            asked=asked,
            severity=0.3,
            share=share,
        )
    honest = overlap.honest
    gap = accuracy.validation - honest
    if gap <= _noticeable(honest, overlap.n_honest, inflated=inflated):
        return clear(f"{seen}; without them accuracy is {honest:.3f}, much the same")
    return found(
        f"{seen}; on the other {overlap.n_honest} accuracy is {honest:.3f}, not "
        f"{accuracy.validation:.3f}",
        fix="remove duplicates before splitting, and split by group",
        where=(where,),
        claimed=accuracy.validation,
        honest=honest,
        severity=min(1.0, gap),
        share=share,
    )


def _noticeable(honest: float, n: int, *, inflated: float) -> float:
    """Points above an honest number, of n pictures, that are more than its own error."""
    spread = math.sqrt(max(honest * (1 - honest), 1e-4) / n)
    return max(inflated, 2 * spread)


RULES = (
    identical_pictures_across_split,
    near_identical_pictures_across_split,
    split_reshuffled_each_pass,
    folds_share_their_weights,
)

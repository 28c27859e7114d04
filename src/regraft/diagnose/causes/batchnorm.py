"""BNS: BatchNorm statistics that do not describe the pictures in use."""

import math

from regraft.diagnose.evidence import Accuracy, Backbone, Ledger, Training
from regraft.diagnose.repairs import (
    batchnorm_follows_mode,
    batchnorm_momentum,
    call_backbone_in_inference,
    freeze_batchnorm,
)
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

MOVED = 0.1  # relative change of the statistics
GAP = 0.05  # accuracy with batch statistics above that with moving ones, on the same pictures
FRESH_GAP = 0.1
MOMENTUM = 0.99  # Keras's default; 0.99 ** 300 leaves 5% of the start
UNCONVERGED = 0.05
# Where so much is left by all planned updates the fault is plain; else a sample that leaves twice
# as much as they would explains the gap itself.
HALF_LEFT, FURTHER_BACK = 0.5, 2.0
CHANGED = 0.03  # of 128 answers: arithmetic alone turns one near a tie, never four
# A fifth of the updates must be enough to follow the data: the statistics of early layers move
# fast at first. On 24 updates momentum 0.9 made validation worse (0.22), 0.8 right (0.90).
FOLLOWED_IN = 0.2
FASTEST, FAST = 0.5, 0.9  # below the first the last batch counts more than all others
IGNORES_TRAINING_FALSE = ((3, 0, 0), (3, 15, 1))  # Keras versions, both ends included


@rule(
    "BNS001",
    "batchnorm-statistics-overwritten",
    source="https://github.com/keras-team/keras/issues/20285 and "
    "https://github.com/keras-team/keras/issues/9214",
)
def batchnorm_statistics_overwritten(
    backbone: Backbone, accuracy: Accuracy, training: Training, keras_version: str
) -> Finding:
    """Unfrozen BatchNorm layers lost the statistics the backbone was pretrained with.

    Why it hurts: a few small batches replace means and variances of a million pictures. In
        training, batch statistics hide it; in validation the network sees other values. Where
        their momentum is high, the old ones are still there, but the head has learnt without them.
    How it is found: relative change of the moving statistics, and training pictures scored in
        training and in inference mode: better in training mode, although Dropout can only hurt;
        twice as much better where the statistics hardly moved.
    Fix: set `trainable = False` on every BatchNormalization layer. In Keras 3.0 to 3.15.1,
        `base(x, training=False)` alone does not keep them once the base is trainable.
    Limits: statistics that moved without harm (no gap) are clear. In a sampled run they may lag
        behind the weights only because it makes fewer updates than planned: "unknown".
    """
    if not backbone.n_batchnorm:
        return clear(f"{backbone.name} has no BatchNorm")
    if not backbone.n_batchnorm_trainable:
        return clear("BatchNorm layers are frozen")
    if backbone.weights == "none" or backbone.looks_random:
        return clear("there are no pretrained statistics to lose: BNS002 looks at fresh ones")
    seen = (
        f"the statistics of {backbone.n_batchnorm_trainable} trainable BatchNorm layers changed "
        f"by {backbone.statistics_change:.0%}"
    )
    if accuracy.train_in_training_mode is None or math.isnan(accuracy.train):
        return unknown(f"{seen}, but training or inference mode was not scored")
    gap = accuracy.train_in_training_mode - accuracy.train
    if gap <= (GAP if backbone.statistics_change > MOVED else FRESH_GAP):
        return clear(f"{seen}, without a gap between training and inference mode")
    lag, planned = MOMENTUM**training.updates_made, MOMENTUM**training.planned_updates
    if training.sampled and lag > UNCONVERGED >= planned:
        return unknown(f"{seen}, but {lag:.0%} of the old ones are left only in this sampled run")
    ignored = ""
    if backbone.called_with_training is False and _ignores_training_false(keras_version):
        ignored = f"; training=False is not honoured in Keras {keras_version} once unfrozen"
    return found(
        f"{seen}: training pictures are right at {accuracy.train_in_training_mode:.2f} in "
        f"training mode, {accuracy.train:.2f} in inference mode{ignored}",
        fix="set trainable = False on the BatchNormalization layers themselves, then compile",
        where=(backbone.site,),
        repairs=(freeze_batchnorm(),),
        severity=min(0.8, gap),
        gap=gap,
    )


@rule(
    "BNS002",
    "moving-statistics-not-converged",
    source="https://stackoverflow.com/questions/47157526 and "
    "https://github.com/tensorflow/tensorflow/issues/36065",
)
def moving_statistics_not_converged(training: Training, accuracy: Accuracy) -> Finding:
    """Fresh BatchNorm layers got too few updates for their moving averages, or forget them.

    Why it hurts: with momentum 0.99 a hundred updates leave a third of the initial values (mean
        0, variance 1). Training uses batch statistics and looks fine; inference does not.
    How it is found: training pictures scored in training and in inference mode, and what
        the layers' momentum to the power of the planned updates leaves of the start.
        PyTorch's momentum of 0.1 is Keras's 0.9: as 0.1 it leaves the last batch and little else.
    Fix: a lower momentum for fresh BatchNorm layers (0.8 for a few dozen updates, 0.9 for a
        hundred), or more updates.
    Limits: counts the updates the script plans, not those of a shortened run; if only the
        shortening explains the gap, the answer is "unknown".
    """
    if not training.fresh_batchnorm:
        return clear("no fresh BatchNorm layer")
    if accuracy.train_in_training_mode is None or math.isnan(accuracy.train):
        return unknown("training or inference mode was not scored")
    gap = accuracy.train_in_training_mode - accuracy.train
    left = training.fresh_momentum**training.planned_updates
    seen = (
        f"{training.fresh_batchnorm} fresh BatchNorm layers, {training.planned_updates} updates: "
        f"{left:.0%} of their initial statistics are left"
    )
    forgets = training.fresh_momentum < FASTEST
    if gap <= (GAP if forgets else FRESH_GAP):
        return clear(f"{seen}; training and inference mode agree")
    if forgets:
        return found(
            f"{training.fresh_batchnorm} fresh BatchNorm layers with momentum "
            f"{training.fresh_momentum:g} keep what the last batches were like; training pictures "
            f"are right at {accuracy.train_in_training_mode:.2f} in training mode, "
            f"{accuracy.train:.2f} in inference mode",
            fix=f"use BatchNormalization(momentum={FAST:g}): it is the share that is kept",
            where=(training.site,),
            repairs=(batchnorm_momentum(FAST),),
            severity=min(0.8, gap),
            gap=gap,
        )
    now = training.fresh_momentum**training.updates_made
    if training.sampled and left < HALF_LEFT and now > FURTHER_BACK * left:
        return unknown(f"{seen}; in this sampled run it is {now:.0%}, which explains the gap")
    if left < UNCONVERGED:
        return unknown(f"{seen}, which does not explain a gap of {gap:.2f} between modes")
    updates = training.planned_updates * training.n_train_used / max(training.n_train, 1)
    momentum = min(FAST, max(FASTEST, 1 - 1 / max(FOLLOWED_IN * updates, 1)))
    return found(
        f"{seen}; training pictures are right at {accuracy.train_in_training_mode:.2f} in "
        f"training mode, {accuracy.train:.2f} in inference mode",
        fix=f"use BatchNormalization(momentum={momentum:.2g}), or train longer",
        where=(training.site,),
        repairs=(batchnorm_momentum(round(momentum, 2)),),
        severity=min(0.8, gap),
        gap=gap,
    )


@rule(
    "BNS003",
    "backbone-forced-into-training-mode",
    source="https://github.com/broadinstitute/keras-resnet/pull/47 (validation 12% becomes 40%)",
)
def backbone_forced_into_training_mode(backbone: Backbone) -> Finding:
    """The backbone is called with `training=True`, in validation as well.

    Why it hurts: each validation batch is normalised by its own statistics: answers depend on
        what else is in the batch, and pretrained statistics are not used at all.
    How it is found: the argument at the call of the backbone, and BatchNorm layers that are not
        frozen (frozen ones stay in inference mode).
    Fix: `base(x, training=False)`, or leave the argument out.
    Limits: harmless for backbones without BatchNorm.
    """
    if backbone.called_with_training is None:
        return clear("training= is not given at the call of the backbone")
    if not backbone.called_with_training:
        return clear("the backbone is called with training=False")
    if not backbone.n_batchnorm:
        return clear(f"{backbone.name} has no BatchNorm")
    if not backbone.n_batchnorm_trainable:
        return clear("its BatchNorm layers are frozen, so they stay in inference mode")
    if backbone.site is None:
        return unknown("where the backbone is called was not seen")
    return found(
        f"{backbone.name} is called with training=True: {backbone.n_batchnorm_trainable} "
        "BatchNorm layers use the statistics of each validation batch",
        fix="call it with training=False",
        where=(backbone.site,),
        repairs=(call_backbone_in_inference(),),
        severity=0.4,
    )


@rule(
    "BNS004",
    "batchnorm-of-each-batch",
    source="Ioffe and Szegedy, Batch Normalization, ICML 2015, section 3.1: at inference the "
    "output is to depend on the input only",
)
def batchnorm_of_each_batch(
    accuracy: Accuracy, ledger: Ledger, backbone: Backbone | None = None
) -> Finding:
    """In validation, BatchNorm uses the statistics of each batch.

    Why it hurts: an answer depends on the other pictures of the batch. With batches of one class,
        or small ones, the very difference between classes is normalised away.
    How it is found: the same validation pictures scored in batches of one class and in mixed
        batches, in inference mode: some answers differ.
    Fix: do not pass `training=True` to BatchNormalization; Keras passes the mode on.
    Limits: a backbone called with `training=True` is BNS003.
    """
    if accuracy.changed_by_batch is None:
        return unknown("answers in other batches were not compared")
    if accuracy.changed_by_batch <= CHANGED:
        return clear("answers do not depend on the other pictures of a batch")
    if backbone is not None and backbone.called_with_training:
        return clear("BNS003 is about the mode of the backbone")
    return found(
        f"{accuracy.changed_by_batch:.0%} of the answers change when the same pictures come in "
        "other batches: BatchNorm normalises each batch by itself",
        fix="leave out training=True where BatchNormalization is called",
        where=tuple(call.site for call in ledger.of("batchnorm-in-training-mode")),
        repairs=(batchnorm_follows_mode(),),
        severity=0.4,
    )


def _ignores_training_false(version: str) -> bool:
    parts = version.split(".")[:3]
    if len(parts) < 3 or not all(part.isdigit() for part in parts):
        return False
    first, last = IGNORES_TRAINING_FALSE
    return first <= tuple(int(part) for part in parts) <= last


RULES = (
    batchnorm_statistics_overwritten,
    moving_statistics_not_converged,
    backbone_forced_into_training_mode,
    batchnorm_of_each_batch,
)

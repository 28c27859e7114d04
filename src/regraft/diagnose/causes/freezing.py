"""FRZ: what was trained is not what was meant to be trained."""

import math

from regraft.diagnose.causes.rates import MANY_UPDATES, usual_rate
from regraft.diagnose.evidence import Accuracy, Backbone, Ledger, Training
from regraft.diagnose.repairs import (
    freeze_backbone,
    make_head_trainable,
    recompile,
    recompile_when_changed,
    thaw_top,
)
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

MOSTLY = 0.5  # share of the head's parameters below which part of the head is frozen
SHAKEN = 0.1  # relative change of pretrained kernels that only a fresh head's gradients explain
# Of that, where they are trained at the optimiser's usual rate: MobileNetV2 on 440 photographs
# lost 0.2 of its accuracy while its kernels changed by 5%.
FAST = 0.5


@rule(
    "FRZ001",
    "trainable-changed-after-compile",
    source="https://keras.io/guides/transfer_learning/, on compile() and trainable; "
    "https://github.com/tensorflow/tensorflow/issues/29535",
)
def trainable_changed_after_compile(training: Training, ledger: Ledger) -> Finding:
    """`trainable` was changed after `compile`, which does not follow.

    Why it hurts: the compiled training step keeps the variables it was built with. Layers
        meant to be trained stay as they are, or layers meant to be frozen are trained.
    How it is found: an assignment to `trainable` of a layer of the model between its last
        `compile` and `fit`, or in a callback while `fit` goes on, with an effect on the set of
        variables.
    Fix: call `compile` again after every change of `trainable`.
    Limits: a custom training loop needs no compile and is not judged.
    """
    epoch, last = training.trainable_changed_in_epoch, training.trainable_changed_site
    if epoch is not None and not training.trainable_changed_after_compile:
        return found(
            f"trainable was changed in epoch {epoch + 1} of a training, whose step goes on with "
            "the variables that it was built for",
            fix=f"end that fit after {epoch} epochs, compile again, and go on with another fit",
            where=(last, training.site),
            repairs=(recompile_when_changed(),),
            severity=0.2,
        )
    if not training.trainable_changed_after_compile:
        if ledger.of("custom-training-loop"):
            return unknown("a custom training loop decides itself what is trained")
        return clear("nothing became trainable or frozen after compile")
    site = training.trainable_changed_site
    place = f" at line {site.line}" if site else ""
    return found(
        f"trainable was changed{place} after compile; {training.trainable_parameters:,} "
        f"parameters say they are trainable, {training.unchanged_trainable} variables of them "
        "did not change in training",
        fix="compile again after changing trainable",
        where=(site, training.site),
        repairs=(recompile(),),
        severity=0.2,
    )


@rule(
    "FRZ002",
    "head-frozen",
    source="https://keras.io/guides/transfer_learning/: trainable is set recursively",
)
def head_frozen(
    training: Training,
    accuracy: Accuracy,
    ledger: Ledger,
    backbone: Backbone | None = None,
) -> Finding:
    """Fresh layers after the backbone are frozen at their random start.

    Why it hurts: `model.trainable = False`, or freezing all but the last few layers, also
        freezes layers that were never trained; random layers only lose information.
    How it is found: trainable parameters against those of the layers outside the backbone.
    Fix: set `trainable = False` on the backbone only, before building the head. Where a second
        training has nothing left to train, thaw what it was meant for: the last blocks.
    Limits: a network whose weights come from a file, or from an earlier training, has nothing
        fresh; a high training accuracy clears it.
    """
    if training.head_parameters < 1:
        return unknown("the layers outside the backbone could not be counted")
    if training.trainable_parameters and backbone is not None and backbone.n_trainable_layers:
        return clear("backbone layers are trained; the head is not frozen as a whole")
    share = training.trainable_parameters / training.head_parameters
    seen = (
        f"{training.trainable_parameters:,} of {training.head_parameters:,} parameters "
        "outside the backbone are trainable"
    )
    if share >= MOSTLY:
        return clear(seen)
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    if accuracy.train >= 0.95:
        return clear(f"{seen}, and training pictures are right at {accuracy.train:.2f}")
    if training.trainable_parameters and backbone is None:
        if training.frozen_was_trained:
            return clear(f"{seen}; what is frozen was trained before, by an earlier fit")
        if ledger.of("load_model", "load_weights", "set_weights", "custom-training-loop"):
            return unknown(f"{seen}; what is frozen may have been trained elsewhere")
    is_second = not training.trainable_parameters and training.is_head_trained
    return found(
        f"{seen}; training accuracy is {accuracy.train:.2f}",
        fix="thaw the last blocks of the backbone, and the head"
        if is_second
        else "freeze the backbone only: base.trainable = False",
        where=(training.trainable_changed_site, training.site),
        repairs=(thaw_top() if is_second and backbone is not None else make_head_trainable(),),
        severity=0.8 if not training.trainable_parameters else 0.4,
    )


@rule(
    "FRZ003",
    "mistyped-trainable",
    source="Keras layers/layer.py, Layer.__setattr__: any attribute name is accepted",
)
def mistyped_trainable(training: Training, backbone: Backbone) -> Finding:
    """A misspelt `trainable` froze nothing.

    Why it hurts: `layer.trainble = False` only adds an attribute. The pretrained layers are
        trained at a rate meant for the head.
    How it is found: assignments to attributes no Keras layer has, spelt almost like
        `trainable`, while backbone layers are trainable.
    Fix: spell it `trainable`, before `compile`.
    Limits: other misspelt attributes give "unknown".
    """
    calls = training.mistyped_attributes
    if not calls:
        return clear("no mistyped attribute on a layer")
    meant = [call for call in calls if call.details.get("nearest") == "trainable"]
    if not meant:
        return unknown(f"attribute {calls[0].details.get('name')!r} is not one Keras knows")
    if meant[0].details.get("value") not in (None, False):
        return unknown("it was meant to unfreeze; what to unfreeze cannot be told")
    if not backbone.n_trainable_layers:
        return clear("mistyped, but the backbone is frozen all the same")
    name = meant[0].details.get("name")
    return found(
        f"{name!r} was set at line {meant[0].site.line}, not 'trainable': "
        f"{backbone.n_trainable_layers} of {backbone.n_layers} layers of {backbone.name} are "
        f"trained, and changed by {backbone.weight_change:.0%}",
        fix=f"write 'trainable' instead of {name!r}",
        where=tuple(dict.fromkeys(call.site for call in meant)),
        repairs=(freeze_backbone(),),
        severity=0.4,
    )


@rule(
    "FRZ004",
    "fresh-head-shakes-backbone",
    source="https://keras.io/guides/transfer_learning/: unfreeze only after the head was "
    "trained to convergence; Kumar et al., ICLR 2022",
)
def fresh_head_shakes_backbone(backbone: Backbone, training: Training) -> Finding:
    """Pretrained layers are trained together with a random head.

    Why it hurts: the random head sends large, meaningless gradients back, and they overwrite
        what the layers knew before the head knows anything.
    How it is found: relative change of the pretrained kernels above a tenth since the first
        `fit` that trained them, and none before it with the backbone frozen.
    Fix: freeze the backbone until the head is trained; then unfreeze the last block, at 1e-5.
    Limits: with many pictures the network may recover; the gain decides. A `fit` before that
        left the backbone as it was trained the head: clear. Half of that change will do at the
        optimiser's usual rate. Of a sampled run the change is carried on to the planned updates
        as a random walk would; at a lower rate such a forecast counts only beside other causes,
        and so does a sample where the planned updates are enough to learn what was lost.
    """
    if backbone.weights == "none" or backbone.looks_random:
        return clear("there are no pretrained weights to lose")
    if not backbone.n_trainable_layers:
        return clear(f"{backbone.name} is frozen")
    if training.is_head_trained:
        return clear("the head was trained by an earlier fit")
    change = backbone.weight_change
    if math.isnan(change):
        return unknown("the change of the pretrained weights was not measured")
    seen = (
        f"{backbone.n_trainable_layers} of {backbone.n_layers} layers of {backbone.name} are "
        f"trained with a fresh head, and changed by {change:.0%}"
    )
    forecast = change * math.sqrt(training.planned_updates / max(1, training.updates_made))
    # the rate of a fresh head is no rate for what it is to be read from
    is_fast = training.learning_rate >= usual_rate(training)
    limit = SHAKEN * FAST if is_fast else SHAKEN
    may_recover = training.planned_updates > MANY_UPDATES
    if change <= limit and not (training.sampled and forecast > limit):
        return clear(seen)
    return found(
        seen,
        fix="freeze the backbone (base.trainable = False) and train the head first",
        where=(backbone.site, training.site),
        repairs=(freeze_backbone(),),
        severity=min(0.45, 0.15 + change),
        weight_change=change,
        is_forecast=float(training.sampled and (may_recover or (change <= limit and not is_fast))),
    )


@rule(
    "FRZ005",
    "loop-freezes-nothing",
    source="https://docs.python.org/3/library/stdtypes.html#common-sequence-operations: "
    "`layers[:-0]` is `layers[:0]`, which is empty",
)
def loop_freezes_nothing(backbone: Backbone, ledger: Ledger) -> Finding:
    """A loop that is there to freeze layers froze none.

    Why it hurts: the slice is empty, or no layer has the name or kind that is asked for. All
        pretrained layers are trained at a rate meant for the head.
    How it is found: a `for` loop with `layer.trainable = False` in it was run, nothing was ever set
        to False, and every layer of the backbone is trainable.
    Fix: freeze all of it with `base.trainable = False`; print how many layers are left.
    Limits: a setting of 0 that means "train everything" looks the same; the gain decides.
    """
    loops = ledger.of("freeze-loop")
    if not loops:
        return clear("no loop freezes layers")
    if any(not call.details.get("value") for call in ledger.of("trainable")):
        return clear("layers were frozen")
    if not backbone.n_trainable_layers or backbone.n_trainable_layers < backbone.n_layers:
        return clear(f"{backbone.n_trainable_layers} of {backbone.n_layers} layers are trainable")
    if math.isnan(backbone.weight_change):
        return unknown("the loop froze no layer, but how far the layers moved was not measured")
    return found(
        f"the loop at line {loops[-1].site.line} froze no layer: all {backbone.n_layers} of "
        f"{backbone.name} are trained, and changed by {backbone.weight_change:.0%}",
        fix="freeze all of it before compile: base.trainable = False",
        where=tuple(dict.fromkeys(call.site for call in loops)),
        repairs=(freeze_backbone(),),
        severity=0.65,
        weight_change=backbone.weight_change,
    )


RULES = (
    trainable_changed_after_compile,
    head_frozen,
    mistyped_trainable,
    fresh_head_shakes_backbone,
    loop_freezes_nothing,
)

"""WGT: the pretrained weights are not in the network."""

from regraft.diagnose.evidence import Accuracy, Backbone, Call, Ledger, Training
from regraft.diagnose.repairs import load_imagenet_weights, load_in_order
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

MOSTLY = 0.5  # share of layers or tensors
UNTRAINED = 0.1  # points that a fresh model lies behind


@rule(
    "WGT001",
    "backbone-without-weights",
    source="https://keras.io/api/applications/: weights=None is random initialisation; "
    "https://stackoverflow.com/questions/47503514",
)
def backbone_without_weights(
    backbone: Backbone, ledger: Ledger, training: Training | None = None
) -> Finding:
    """The backbone is random, and most of it is frozen that way.

    Why it hurts: random filters keep little of what tells pictures apart, and frozen ones never
        will.
    How it is found: the distribution of the filters before training (those of a fresh
        initialisation are even), and what is frozen. Lost weights (a cloned or re-initialised
        backbone built with ImageNet weights) are found whether frozen or not.
    Fix: `weights="imagenet"`.
    Limits: `weights=None` with everything trainable is training from scratch: clear. So is what an
        earlier training of the script has taught before it was frozen.
    """
    if backbone.weights == "imagenet" and backbone.looks_random:
        return found(
            f"{backbone.name} was built with ImageNet weights, but its filters are those of a "
            "fresh initialisation",
            fix="use the built backbone itself; clone_model does not copy weights",
            where=(backbone.site,),
            repairs=(load_imagenet_weights(),),
            severity=0.6,
        )
    if backbone.looks_random is None and backbone.weights != "none":
        return unknown("whether the filters are pretrained could not be told")
    if backbone.weights != "none" and not backbone.looks_random:
        return clear(f"{backbone.name} holds {backbone.weights} weights")
    if backbone.weights == "none" and backbone.looks_random is False:
        return clear("built without weights, which were loaded afterwards")
    if _loads(ledger):
        return clear("weights were loaded afterwards and matched nothing: WGT002 is about that")
    if training is not None and training.frozen_was_trained:
        return clear("what is frozen was trained before, by an earlier fit")
    if ledger.of("custom-training-loop"):
        return unknown("a training loop written by hand may have taught what is frozen")
    share = backbone.n_trainable_layers / max(1, backbone.n_layers)
    if share > MOSTLY:
        return clear(f"{backbone.name} is trained from scratch: {share:.0%} of it is trainable")
    return found(
        f"{backbone.name} has no pretrained weights, and {1 - share:.0%} of its layers are frozen",
        fix='use weights="imagenet"',
        where=(backbone.site,),
        repairs=(load_imagenet_weights(),),
        severity=0.6,
    )


@rule(
    "WGT002",
    "weights-matched-nothing",
    source="Keras legacy/saving/legacy_h5_format.py: load_weights_from_hdf5_group_by_name skips "
    "layers whose names do not match",
)
def weights_matched_nothing(ledger: Ledger, backbone: Backbone | None = None) -> Finding:
    """`load_weights` found hardly a tensor to load, and said nothing.

    Why it hurts: with `by_name` or `skip_mismatch` a file of another network loads without an
        error and changes nothing: the backbone stays random.
    How it is found: tensors that changed in the call, of all there are; and filters that still
        are those of a fresh initialisation.
    Fix: load with exact names, or build the network with `weights="imagenet"`. A network written
        by hand: without `by_name`, which fills the layers in their order.
    Limits: loading weights that are already there changes nothing either: clear unless random.
    """
    loads = ledger.of("load_weights")
    if not loads:
        return clear("no weights were loaded by hand")
    poor = _loads(ledger)
    if not poor:
        return clear("loaded weights matched the network")
    details = poor[0].details
    looks_random = details.get("looks_random") if backbone is None else backbone.looks_random
    if looks_random is None:
        return unknown("few tensors changed, but whether the filters are pretrained is not known")
    if not looks_random:
        return clear("few tensors changed, but the network holds pretrained weights")
    seen = (
        f"load_weights at line {poor[0].site.line} changed {details['matched']} of "
        f"{details['total']} tensors"
    )
    if backbone is None and not details.get("by_name"):
        return unknown(f"{seen} of a network of the script's own")
    return found(
        f"{seen}, and the filters of {backbone.name if backbone is not None else 'the network'} "
        "are those of a fresh initialisation",
        fix='build the backbone with weights="imagenet", or check the names in the file',
        where=tuple(call.site for call in poor),
        repairs=(load_in_order(poor[0].site) if backbone is None else load_imagenet_weights(),),
        severity=0.6,
    )


@rule(
    "WGT003",
    "another-model-scored",
    source="https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/: "
    "skip_mismatch skips layers in silence; keras.models.clone_model: weights are not copied",
)
def another_model_scored(
    accuracy: Accuracy, ledger: Ledger, training: Training | None = None
) -> Finding:
    """The model that is scored is not the one that was trained.

    Why it hurts: a model that was built again, cloned, given weights that do not fit its layers,
        or those of before the training starts from nothing. The trained one is fine, and is not
        asked.
    How it is found: no kernel of the scored model is one that a `fit` left behind, and the trained
        model had reached ten points more on its validation pictures.
    Fix: score the trained model, or load its weights and let a mismatch raise an error.
    Limits: a model trained by a loop of one's own, or read from a file, is not judged, nor one
        with the weights of a file where a callback saved those of earlier epochs.
    """
    reached = accuracy.trained_one_reached
    if reached is None:
        return clear("what is scored was trained, as far as can be told")
    if ledger.of("custom-training-loop"):
        return unknown("a custom training loop may have trained what is scored")
    keeps_epochs = training is not None and any(
        callback.get("class") == "ModelCheckpoint" for callback in training.callbacks
    )
    is_read = len(ledger.of("load_weights")) > len(_loads(ledger))
    if ledger.of("load_model") or (is_read and keeps_epochs):
        return unknown("weights were read from a file, perhaps those of an earlier epoch")
    seen = (
        f"no weight of the scored model comes from a fit; it reaches {accuracy.validation:.2f}, "
        f"the trained one reached {reached:.2f}"
    )
    if reached - accuracy.validation < UNTRAINED:
        return clear(seen)
    if training is not None and training.is_cut_short and training.may_change_weights_at_end:
        return unknown(f"{seen}, but a callback may average weights, over more steps than these")
    return found(
        seen,
        fix="score the model that was trained, or load its weights without skip_mismatch",
        where=tuple(call.site for call in ledger.of("evaluate", "load_weights")[-2:]),
        claimed=accuracy.validation,
        honest=reached,
        severity=min(0.9, reached - accuracy.validation),
    )


def _loads(ledger: Ledger) -> list[Call]:
    """Loads that changed less than half of the tensors."""
    return [
        call
        for call in ledger.of("load_weights")
        if call.details.get("matched", 0) < MOSTLY * call.details.get("total", 0)
    ]


RULES = (
    backbone_without_weights,
    weights_matched_nothing,
    another_model_scored,
)

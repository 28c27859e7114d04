"""The interventions a replay can make, as plain records that travel to it as JSON.

A rule builds them with these functions; `agent/interventions.py` carries them out. One function
a kind: its name with dashes is the kind, its arguments are the parameters.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from regraft.diagnose.conventions import Affine
from regraft.diagnose.evidence import Site
from regraft.diagnose.rule import Repair

#: Ways square pictures of one part may differ from those of the other: turned, mirrored,
#: inverted, cut out more or less closely, or with their channels in reverse.
TRANSFORMS = (
    "transpose",
    "rotate-90",
    "rotate-180",
    "rotate-270",
    "flip-left-right",
    "flip-up-down",
    "invert",
    "zoom-0.5",
    "zoom-0.7",
    "zoom-1.4",
    "zoom-2",
    "cut-to-content",
    "swap-red-and-blue",
)


def _at(site: Site) -> dict[str, Any]:
    return {"file": site.file, "line": site.line}


def fill_gaps() -> Repair:
    """Put 0 where pixels are no numbers, on their way into the model."""
    return Repair(kind="fill-gaps")


def convert_pixels(
    conversion: Affine,
    *,
    part: str = "all",
    boundary: str = "backbone",
    only_span: tuple[float, float] | None = None,
) -> Repair:
    """Map pixels on their way into the backbone ("backbone") or the model ("model").

    `part`: "all" (everything, training too) or "validation" (whatever is scored, only).
    `only_span`: of pictures whose features are extracted, before anybody knows which part they
    are, only those that span this.
    """
    return Repair(
        kind="convert-pixels",
        parameters={
            "order": list(conversion.order),
            "scale": list(conversion.scale),
            "offset": list(conversion.offset),
            "part": part,
            "boundary": boundary,
            "only_span": list(only_span) if only_span is not None else None,
        },
    )


def transform_pictures(transform: str, *, part: str) -> Repair:
    """Apply one of `TRANSFORMS` to pictures on their way into the model.

    "invert" mirrors values about the middle of the range the part spans; "zoom-2" shows the middle
    at twice its size, "zoom-0.5" everything at half; "cut-to-content" cuts an even border away.
    `part`: "validation".
    """
    return Repair(kind="transform-pictures", parameters={"transform": transform, "part": part})


def read_layout(layout: str, *, part: str) -> Repair:
    """Read the buffers of pictures with another shape, of `probe.layouts`, and resize them back.

    `part`: "train", "validation", or "all".
    """
    return Repair(kind="read-layout", parameters={"layout": layout, "part": part})


def true_resize(site: Site) -> Repair:
    """Make an `np.resize` of pictures at `site` a real resize, picture by picture."""
    return Repair(kind="true-resize", parameters=_at(site))


def true_transpose(site: Site, axes: Sequence[int]) -> Repair:
    """Make a `reshape` at `site` that mistakes the layout a transpose by `axes`, then a reshape."""
    return Repair(kind="true-transpose", parameters={**_at(site), "axes": list(axes)})


def copy_before_preprocessing(site: Site) -> Repair:
    """Give `preprocess_input` at `site` a copy, so that it does not write over what it is given."""
    return Repair(kind="copy-before-preprocessing", parameters=_at(site))


def drop_call(site: Site, what: str) -> Repair:
    """Leave a call out: its first argument passes through unchanged (or nothing happens)."""
    return Repair(kind="drop-call", parameters={**_at(site), "what": what})


def set_arguments(
    site: Site, what: str, arguments: Mapping[str, Any], given: Mapping[str, Any] | None = None
) -> Repair:
    """Change keyword arguments of a recorded call (`what` is its canonical name).

    `given` tells the call from others at the same line: it has these arguments as written.
    """
    parameters = {**_at(site), "what": what, "arguments": dict(arguments)}
    if given:
        parameters["given"] = dict(given)
    return Repair(kind="set-arguments", parameters=parameters)


def keep_order(site: Site) -> Repair:
    """Let `image_dataset_from_directory` give its pictures in one order at every pass.

    Unlike `shuffle=False` it leaves which pictures belong to which subset as it is.
    """
    return Repair(kind="keep-order", parameters=_at(site))


def float_arithmetic(site: Site, *, is_cast: bool = False) -> Repair:
    """Do an operator on uint8 arrays at `site` in float32, so that it cannot wrap around.

    Or cast to float32 there, instead of to bytes.
    """
    return Repair(kind="float-arithmetic", parameters={**_at(site), "is_cast": is_cast})


def set_output(*, units: int, activation: str, loss: str, from_logits: bool = False) -> Repair:
    """Give the model this last layer and compile it with this loss (labels follow the loss)."""
    return Repair(
        kind="set-output",
        parameters={
            "units": units,
            "activation": activation,
            "loss": loss,
            "from_logits": from_logits,
        },
    )


def set_learning_rate(value: float) -> Repair:
    """Train with this learning rate (a schedule, or what a callback makes of it, is replaced)."""
    return Repair(kind="set-learning-rate", parameters={"value": value})


def release_optimiser(names: Sequence[str]) -> Repair:
    """Give the optimiser its usual values for these of its arguments."""
    return Repair(kind="release-optimiser", parameters={"names": list(names)})


def drop_penalties() -> Repair:
    """Train without L1 and L2 penalties on weights and on what layers give."""
    return Repair(kind="drop-penalties")


def freeze_backbone() -> Repair:
    """Train the head only; the backbone's layers are frozen before compile."""
    return Repair(kind="freeze-backbone")


def freeze_batchnorm() -> Repair:
    """Freeze the backbone's BatchNorm layers themselves; the rest stays as the script has it."""
    return Repair(kind="freeze-batchnorm")


def batchnorm_momentum(value: float) -> Repair:
    """Let fresh BatchNorm layers follow the data faster."""
    return Repair(kind="batchnorm-momentum", parameters={"value": value})


def call_backbone_in_inference() -> Repair:
    """Call the backbone with training=False whatever the script says."""
    return Repair(kind="call-backbone-in-inference")


def batchnorm_follows_mode() -> Repair:
    """Leave out `training=True` where BatchNorm layers are called: the model's mode decides."""
    return Repair(kind="batchnorm-follows-mode")


def recompile() -> Repair:
    """Compile again just before `fit`, with the script's own arguments."""
    return Repair(kind="recompile")


def recompile_when_changed() -> Repair:
    """Compile again where `trainable` changes while `fit` goes on, at the rate of then."""
    return Repair(kind="recompile-when-changed")


def make_head_trainable() -> Repair:
    """Set every layer outside the backbone trainable and compile again."""
    return Repair(kind="make-head-trainable")


def thaw_top() -> Repair:
    """Train the head and the last third of the backbone, its BatchNorm layers frozen."""
    return Repair(kind="thaw-top")


def resplit(*, scored: bool = False) -> Repair:
    """Pool training and validation rows and split them again, in the same sizes.

    `scored`: rows that are scored after the training, in place of those that `fit` validates on.

    Copies of a picture stay together. Validation keeps its class mix, or gets that of all rows
    where a class stood on one side only.
    """
    return Repair(kind="resplit", parameters={"scored": True} if scored else {})


def shuffle_training() -> Repair:
    """Shuffle the training rows thoroughly, each epoch."""
    return Repair(kind="shuffle-training")


def remap_labels(mapping: Mapping[str, int], *, part: str) -> Repair:
    """Rename labels: old value (as text) -> new index. `part`: "validation" or "all"."""
    return Repair(kind="remap-labels", parameters={"mapping": dict(mapping), "part": part})


def reorder_labels(order: str) -> Repair:
    """Undo a mistake in the order of the training labels; names as in `probe.orders`."""
    return Repair(kind="reorder-labels", parameters={"order": order})


def ignore_weights() -> Repair:
    """Let every training row count alike, whatever weights of rows or classes were given."""
    return Repair(kind="ignore-weights")


def keep_pairs() -> Repair:
    """Let every training picture keep the label it has in the first epoch."""
    return Repair(kind="keep-pairs")


def order_by_number(site: Site) -> Repair:
    """Put the file names listed at `site` in the order of the numbers in them."""
    return Repair(kind="order-by-number", parameters=_at(site))


def transform_only(site: Site) -> Repair:
    """Where a transformer is fitted anew at `site`, let the one fitted first transform the rows."""
    return Repair(kind="transform-only", parameters=_at(site))


def names_with_folders() -> Repair:
    """Where the script takes the short name of a picture file, keep its folder with it."""
    return Repair(kind="names-with-folders")


def resize_before_crop(site: Site) -> Repair:
    """Make pictures smaller before this call cuts their middle out."""
    return Repair(kind="resize-before-crop", parameters={"file": site.file, "line": site.line})


def one_spelling(column: str, spellings: Mapping[str, str]) -> Repair:
    """In this column of a table of text, replace words by their commonest spelling."""
    parameters = {"column": column, "spellings": dict(spellings)}
    return Repair(kind="one-spelling", parameters=parameters)


def drop_augmentation(*, part: str) -> Repair:
    """Leave random changes to pictures out. `part`: "train" or "validation"."""
    return Repair(kind="drop-augmentation", parameters={"part": part})


def balance_classes() -> Repair:
    """Show every class equally often in training: rows of the small ones are repeated."""
    return Repair(kind="balance-classes")


def drop_rows(rows: Sequence[int]) -> Repair:
    """Leave these training rows (positions in the array given to `fit`) out."""
    return Repair(kind="drop-rows", parameters={"rows": [int(r) for r in rows]})


def enlarge_input(size: int, *, side: int = 0) -> Repair:
    """Let the script, or else the backbone's own first layer, make pictures `size` pixels.

    `side`: the number that the script has for it, 0 for that of the backbone's input.
    """
    parameters = {"size": size, "side": side} if side else {"size": size}
    return Repair(kind="enlarge-input", parameters=parameters)


def load_in_order(site: Site) -> Repair:
    """Let `load_weights` fill the layers in their order, whatever they are called."""
    return Repair(kind="load-in-order", parameters=_at(site))


def pool_features() -> Repair:
    """Read the backbone through global average pooling and one output layer."""
    return Repair(kind="pool-features")


def load_imagenet_weights() -> Repair:
    """Build the backbone with its ImageNet weights, and leave later partial loads out."""
    return Repair(kind="load-imagenet-weights")

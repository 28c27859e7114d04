"""CAP: the head is too large, too narrow or too noisy for the data."""

import math

from regraft.diagnose.evidence import Accuracy, Backbone, Output, Site, Training
from regraft.diagnose.repairs import drop_penalties, pool_features, set_arguments
from regraft.diagnose.rule import Finding, Repair, clear, found, rule, unknown

MEMORISED = 0.98  # training accuracy
FALLEN = 0.15  # validation below training
HUGE = 1000  # head parameters a training picture
DROWNING = 0.75
CALM = 0.3
LARGE_PENALTY = 0.05  # five times Keras's default factor; 1e-5 to 1e-2 are published
LEARNT = 0.9
ROOMY = 128


@rule(
    "CAP001",
    "head-memorises",
    source="https://stackoverflow.com/questions/48120575 and Zhang et al., Understanding Deep "
    "Learning Requires Rethinking Generalization, ICLR 2017",
)
def head_memorises(
    training: Training, accuracy: Accuracy, backbone: Backbone | None = None
) -> Finding:
    """A huge fresh head knows the training pictures by heart.

    Why it hurts: Flatten and wide Dense layers have a weight for every place of every map; with
        few pictures they note positions of single pictures, not classes.
    How it is found: training accuracy (inference mode) of nearly 1, validation 15 points or
        more below, and more than a thousand head parameters a training picture. All three.
    Fix: global average pooling and one output layer.
    Limits: wide heads often cost nothing, and sometimes win: the gain decides.
    """
    if training.head_parameters < 1 or training.n_train_used < 1:
        return unknown("head parameters or training rows were not counted")
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    per_picture = training.head_parameters / training.n_train_used
    seen = (
        f"{training.head_parameters:,} head parameters for {training.n_train_used} pictures; "
        f"{accuracy.train:.2f} on training, {accuracy.validation:.2f} on validation pictures"
    )
    if (
        accuracy.train < MEMORISED
        or accuracy.train - accuracy.validation < FALLEN
        or per_picture < HUGE
    ):
        return clear(seen)
    return found(
        seen,
        fix="read the last map through GlobalAveragePooling2D and one Dense layer",
        where=(backbone.site if backbone is not None else None, training.site),
        repairs=(pool_features(),),
        severity=0.1,
        parameters_per_picture=per_picture,
        # a sample is memorised sooner than all pictures are
        is_forecast=float(training.head_parameters < HUGE * training.n_train),
    )


@rule(
    "CAP002",
    "bottleneck-before-output",
    source="https://www.developerload.com/nonidentical-accuracy-obtained-from-modelevaluate-and-"
    "from-confusion-matrix-in-multiclass-classification (Dense(5, relu) before the output)",
)
def bottleneck_before_output(
    output: Output, accuracy: Accuracy, backbone: Backbone | None = None
) -> Finding:
    """A hidden layer has fewer units than there are classes.

    Why it hurts: all that tells the classes apart must pass through it; with relu, units die and
        the rest is fewer still.
    How it is found: the narrowest Dense layer before the output, and training pictures that are
        not learnt.
    Fix: 128 units or more, or no hidden layer.
    Limits: as many units as classes is accused only if training stays below half way to 1.
    """
    units = output.narrowest_hidden
    if units < 1:
        return clear("no hidden Dense layer before the output")
    if output.n_classes < 2:
        return unknown("the number of classes is not known")
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    seen = (
        f"a hidden layer of {units} units before {output.n_classes} classes; training accuracy "
        f"{accuracy.train:.2f}"
    )
    bar = LEARNT if units < output.n_classes else (1 + accuracy.chance) / 2
    if units > output.n_classes or accuracy.train >= bar:
        return clear(seen)
    repair = _repair(
        output.narrowest_site, "Dense", {"units": ROOMY}, backbone, given={"units": units}
    )
    if repair is None:
        return unknown(f"{seen}, but where it is built is not known")
    return found(
        seen,
        fix=f"give it {ROOMY} units, or leave it out",
        where=(output.narrowest_site,),
        repairs=(repair,),
        severity=min(0.6, LEARNT - accuracy.train + 0.05),
    )


@rule(
    "CAP003",
    "dropout-drowns-head",
    source="Srivastava et al., Dropout, JMLR 2014, Sec. 7.3: rates of 0.5 for hidden units",
)
def dropout_drowns_head(
    output: Output, accuracy: Accuracy, backbone: Backbone | None = None
) -> Finding:
    """So much is dropped that the head cannot learn.

    Why it hurts: at 0.9 one feature in ten is left, another tenth each time; what is learnt from
        one draw does not hold for the next.
    How it is found: the highest dropout rate between backbone and output is 0.75 or more, and
        training pictures are not learnt (in inference mode, without dropout).
    Fix: a rate of 0.2 to 0.5.
    Limits: high rates that still reach 0.9 on training pictures are clear.
    """
    if output.largest_dropout < DROWNING:
        return clear(f"the highest dropout rate is {output.largest_dropout:g}")
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    seen = f"dropout of {output.largest_dropout:g}; training accuracy {accuracy.train:.2f}"
    if accuracy.train >= LEARNT:
        return clear(seen)
    repair = _repair(output.dropout_site, "Dropout", {"rate": CALM}, backbone)
    if repair is None:
        return unknown(f"{seen}, but where the layer is built is not known")
    return found(
        seen,
        fix=f"use a rate of {CALM}",
        where=(output.dropout_site or output.site,),
        repairs=(repair,),
        severity=min(0.5, LEARNT - accuracy.train + 0.05),
    )


@rule(
    "CAP004",
    "penalty-drowns-head",
    source="https://keras.io/api/layers/regularizers/: l2(0.01) by default; Goodfellow et al., "
    "Deep Learning, 2016, Sec. 7.1",
)
def penalty_drowns_head(output: Output, accuracy: Accuracy) -> Finding:
    """So large a penalty on weights that none of them may grow.

    Why it hurts: the loss of a wrong answer is a few units; a factor of 1 on the squares of a
        thousand weights costs more than that, so that being wrong is cheaper than learning.
    How it is found: the largest factor of an L2 penalty in the model is 0.05 or more, or of an L1
        penalty 0.005, and training pictures are not learnt.
    Fix: factors of 1e-5 to 1e-3, or none.
    Limits: large factors that still reach 0.9 on training pictures are clear.
    """
    if output.largest_penalty < LARGE_PENALTY:
        return clear(
            f"the largest penalty pulls like L2 with a factor of {output.largest_penalty:g}"
        )
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    seen = (
        f"a penalty that pulls like L2 with a factor of {output.largest_penalty:g}; training "
        f"accuracy {accuracy.train:.2f}"
    )
    if accuracy.train >= LEARNT:
        return clear(seen)
    return found(
        seen,
        fix="use a factor of 1e-4, or no penalty",
        where=(output.penalty_site or output.site,),
        repairs=(drop_penalties(),),
        severity=min(0.5, LEARNT - accuracy.train + 0.05),
    )


def _repair(
    site: Site | None,
    what: str,
    arguments: dict[str, float],
    backbone: Backbone | None,
    given: dict[str, float] | None = None,
) -> Repair | None:
    """Change the layer where it is built; else do without hidden layers, if there is a backbone."""
    if site is not None:
        return set_arguments(site, what, arguments, given=given)
    return pool_features() if backbone is not None else None


RULES = (
    head_memorises,
    bottleneck_before_output,
    dropout_drowns_head,
    penalty_drowns_head,
)

"""OUT: last layer, activation, loss and labels do not fit one another."""

import math

from regraft.diagnose.evidence import Accuracy, Labels, Output, Training
from regraft.diagnose.losses import CROSS_ENTROPIES, REGRESSION
from regraft.diagnose.repairs import set_arguments, set_output
from regraft.diagnose.rule import Finding, Repair, clear, found, rule, unknown

KERAS_ACCURACIES = {"accuracy", "binaryaccuracy", "categoricalaccuracy",
                    "sparsecategoricalaccuracy", "topkcategoricalaccuracy",
                    "sparsetopkcategoricalaccuracy"}  # fmt: skip
PROBABILITIES = ("softmax", "sigmoid")
NOT_CLASSES = "the labels are not one class a picture"
# Updates after which a loss that is only slow may be level. (Linear heads on ten drawn classes,
# Adam at 1e-3: softmax 0.47 and sigmoids 0.32 after 190 updates, 0.927 and 0.922 after 2,280.)
CATCHES_UP = 1_000


@rule(
    "OUT001",
    "softmax-over-one-unit",
    source="https://stackoverflow.com/questions/51581521 (deepmufl) and 58392266",
)
def softmax_over_one_unit(output: Output) -> Finding:
    """Softmax over a single unit is always 1.

    Why it hurts: the model answers 1 whatever it sees, its gradient is zero, and nothing is
        learned.
    How it is found: units and activation of the model's last layer.
    Fix: one sigmoid unit with binary cross-entropy for two classes; otherwise one softmax unit
        a class.
    Limits: none known.
    """
    if not output.activation:
        return unknown("the activation of the last layer could not be read")
    if output.units != 1 or output.activation != "softmax":
        return clear(f"{output.units} units with {output.activation}")
    return found(
        f"the last layer is one unit with softmax, which is always 1, for {output.n_classes} "
        "classes",
        fix="use sigmoid on one unit (two classes), or one softmax unit a class",
        where=(output.site,),
        repairs=(_right_output(output),),
        severity=0.9,
    )


@rule(
    "OUT002",
    "fewer-units-than-classes",
    source="https://stackoverflow.com/questions/50079585 (DeepLocalize) and 60874661 (deepmufl)",
)
def fewer_units_than_classes(output: Output, accuracy: Accuracy | None = None) -> Finding:
    """The last layer cannot name every class.

    Why it hurts: classes without a unit can never be predicted, and one sigmoid unit can tell
        two classes apart, not three.
    How it is found: units of the last layer against the classes seen in the labels.
    Fix: one softmax unit a class, with the cross-entropy that fits the labels.
    Limits: one linear unit on class numbers is OUT006; softmax on one unit is OUT001.
    """
    if output.label_kind not in ("index", "one-hot"):
        return unknown(NOT_CLASSES)
    if output.n_classes < 2 or output.units < 1:
        return unknown("units or classes are not known")
    capacity = 2 if output.units == 1 else output.units
    if capacity >= output.n_classes:
        return clear(f"{output.units} units for {output.n_classes} classes")
    if output.loss in REGRESSION or (output.activation, output.units) == ("softmax", 1):
        return clear("OUT001 or OUT006 is about this output")
    if (
        output.units == 1
        and output.loss not in CROSS_ENTROPIES
        and _claims_nothing(output, accuracy)
    ):
        return unknown("no accuracy is computed: one unit may stand for a number, not for classes")
    return found(
        f"the last layer has {output.units} units ({output.activation}) for {output.n_classes} "
        "classes",
        fix=f"use {output.n_classes} softmax units",
        where=(output.site,),
        repairs=(_right_output(output),),
        severity=1 - capacity / output.n_classes,
    )


@rule(
    "OUT003",
    "logits-as-probabilities",
    source="https://github.com/karaage0703/karaage-ai-book/issues/26",
)
def logits_as_probabilities(output: Output) -> Finding:
    """The last layer gives logits; the loss reads them as probabilities.

    Why it hurts: the loss clips negative values to almost zero and takes logarithms of the
        rest. Gradients vanish where they are needed most.
    How it is found: a linear last layer with a cross-entropy compiled without
        `from_logits=True`.
    Fix: `activation="softmax"` (or sigmoid for one unit), or `from_logits=True`.
    Limits: a loss function of one's own is read where it gives what Keras's gives.
    """
    if not output.activation or not output.loss:
        return unknown("the last activation or the loss could not be read")
    if output.loss not in CROSS_ENTROPIES:
        return clear(f"the loss is {output.loss}")
    if output.activation != "linear" or output.from_logits:
        return clear(f"{output.activation} output, from_logits={output.from_logits}")
    activation = "sigmoid" if output.loss.startswith("binary") else "softmax"
    return found(
        f"the last layer is linear, but {output.loss} has from_logits=False and reads its "
        "values as probabilities",
        fix=f"use activation={activation!r}, or from_logits=True",
        where=(output.compile_site, output.site),
        repairs=(
            set_output(units=output.units, activation="linear", loss=output.loss, from_logits=True),
        ),
        severity=0.5,
    )


@rule(
    "OUT004",
    "probabilities-as-logits",
    source="https://www.developerload.com/nonidentical-accuracy-obtained-from-modelevaluate-and-"
    "from-confusion-matrix-in-multiclass-classification (softmax with from_logits=True)",
)
def probabilities_as_logits(output: Output) -> Finding:
    """The last layer gives probabilities; the loss applies softmax once more.

    Why it hurts: softmax of softmax can never be sure: the loss stays high and gradients small.
    How it is found: a softmax or sigmoid last layer with a loss compiled `from_logits=True`.
    Fix: drop the activation, or `from_logits=True`.
    Limits: on the TensorFlow backend Keras often notices, warns and repairs the loss itself;
        then the measured gain is nothing and this is not reported.
    """
    if not output.activation or not output.loss:
        return unknown("the last activation or the loss could not be read")
    if not output.from_logits or output.activation not in PROBABILITIES:
        return clear(f"{output.activation} output, from_logits={output.from_logits}")
    return found(
        f"the last layer is {output.activation}, but {output.loss} has from_logits=True",
        fix="use from_logits=False, or no activation on the last layer",
        where=(output.compile_site, output.site),
        repairs=(
            set_output(units=output.units, activation="linear", loss=output.loss, from_logits=True),
        ),
        severity=0.15,
    )


@rule(
    "OUT005",
    "activation-clips-output",
    source="https://stackoverflow.com/questions/47735201 (deepmufl: relu before softmax) and "
    "Cao et al., DeepFD, ICSE 2022, fault type 'activation'",
)
def activation_clips_output(output: Output) -> Finding:
    """The last activation cuts away what cross-entropy needs.

    Why it hurts: relu removes all evidence against a class (and its gradient), tanh is negative
        where a probability is expected, and sigmoids do not sum to 1.
    How it is found: activation of the last layer against the loss.
    Fix: softmax for one class a picture, sigmoid for one unit; nothing in between.
    Limits: sigmoid with categorical cross-entropy trains, only worse.
    """
    if not output.activation or not output.loss:
        return unknown("the last activation or the loss could not be read")
    if output.loss not in CROSS_ENTROPIES:
        return clear(f"the loss is {output.loss}")
    if output.activation in ("linear", "softmax"):
        return clear(f"{output.activation} output")
    if output.activation == "sigmoid" and output.loss.startswith("binary"):
        return clear("sigmoid with binary cross-entropy")
    if output.label_kind not in ("index", "one-hot"):
        return unknown(NOT_CLASSES)
    mild = output.activation == "sigmoid" and output.units > 1
    return found(
        f"the last activation is {output.activation}, and the loss is {output.loss}",
        fix="use softmax (or sigmoid with binary cross-entropy for one unit) as last activation",
        where=(output.site, output.compile_site),
        repairs=(_right_output(output),),
        severity=0.1 if mild else 0.6,
    )


@rule(
    "OUT006",
    "regression-loss-on-classes",
    source="Islam et al., Repairing Deep Neural Networks: Fix Patterns and Challenges, ICSE 2020, "
    "fix pattern 'loss function'",
)
def regression_loss_on_classes(
    output: Output, accuracy: Accuracy | None = None, training: Training | None = None
) -> Finding:
    """A regression loss is used on class numbers.

    Why it hurts: class numbers are names. The mean of classes 1 and 9 is not class 5, and a
        softmax output saturates under squared error.
    How it is found: a regression loss with labels that are class numbers; with one-hot labels
        only if training accuracy stays below half way from chance to 1.
    Fix: cross-entropy with one softmax unit a class.
    Limits: ages, grades and counts are regressed on purpose. Where the script computes no
        accuracy the answer is "unknown"; else the gain decides.
    """
    if not output.loss:
        return unknown("the loss could not be read")
    if output.loss not in REGRESSION:
        return clear(f"the loss is {output.loss}")
    if output.label_kind not in ("index", "one-hot"):
        return unknown(NOT_CLASSES)
    if output.units == 1 and output.label_kind == "index" and _claims_nothing(output, accuracy):
        return unknown(
            f"the loss is {output.loss} and no accuracy is computed: numbers may be meant, not "
            "classes"
        )
    is_brier = output.label_kind == "one-hot" or (output.units == 1 and output.n_classes == 2)
    if is_brier:
        if accuracy is None or math.isnan(accuracy.train):
            return unknown(f"{output.loss} on probabilities may train; accuracy was not measured")
        if accuracy.train >= (1 + accuracy.chance) / 2:
            return clear(f"{output.loss} on probabilities trains: {accuracy.train:.2f}")
        if _may_catch_up(training):
            return unknown("more updates than this sample allows may be enough")
    return found(
        f"the loss is {output.loss} on {output.n_classes} classes given as {output.label_kind} "
        f"labels, with {output.units} {output.activation} units",
        fix=f"use {output.n_classes} softmax units and cross-entropy",
        where=(output.compile_site, output.site),
        repairs=(_right_output(output),),
        severity=0.3 if is_brier else 0.6,
    )


def _may_catch_up(training: Training | None) -> bool:
    """Is it a sample of so long a training that a loss which is only slow gets there?"""
    if training is None:
        return False
    return training.is_cut_short and training.planned_updates >= CATCHES_UP


@rule(
    "OUT007",
    "dropout-on-output",
    source="Srivastava et al., Dropout, JMLR 2014: of hidden and input units",
)
def dropout_on_output(output: Output) -> Finding:
    """Dropout is applied to the class scores themselves.

    Why it hurts: in training the right class is switched off now and then, whatever the model
        says; the loss of those pictures cannot be lowered.
    How it is found: a Dropout layer after the last layer with weights.
    Fix: drop units before the last layer, not after it.
    Limits: none known.
    """
    if output.units < 1:
        return unknown("the last layer could not be read")
    if not output.dropout_on_output:
        return clear("no dropout after the last layer")
    return found(
        f"dropout switches off some of the {output.units} class scores in training",
        fix="move Dropout before the last layer",
        where=(output.site,),
        repairs=(_right_output(output),),
        severity=0.2,
    )


@rule(
    "OUT008",
    "sigmoid-on-exclusive-classes",
    source="https://github.com/keras-team/keras/issues/6499",
)
def sigmoid_on_exclusive_classes(output: Output, training: Training | None = None) -> Finding:
    """Classes that exclude one another are trained as independent yes-or-no questions.

    Why it hurts: with many classes nearly every answer is "no"; the loss is low long before the
        model can tell classes apart.
    How it is found: three or more sigmoid units with binary cross-entropy, and one-hot labels
        with exactly one class a picture.
    Fix: softmax with categorical cross-entropy.
    Limits: often costs little, after longer training nothing: the gain decides, and a sample of
        thousands of updates says nothing. Several classes a picture are rightly trained this way.
    """
    if output.activation != "sigmoid" or not output.loss.startswith("binary"):
        return clear(f"{output.activation} output with {output.loss or 'an unknown loss'}")
    if output.units < 3:
        return clear(f"{output.units} sigmoid unit(s) with binary cross-entropy are right")
    if output.label_kind == "multi-hot":
        return clear("pictures have several classes each")
    if output.label_kind != "one-hot":
        return unknown(NOT_CLASSES)
    if _may_catch_up(training):
        return unknown("more updates than this sample allows may be enough")
    return found(
        f"{output.units} classes that exclude one another are trained with sigmoid and "
        f"{output.loss}",
        fix="use softmax with categorical cross-entropy",
        where=(output.site, output.compile_site),
        repairs=(_right_output(output),),
        severity=0.15,
    )


@rule(
    "OUT009",
    "two-activations-on-output",
    source="https://stackoverflow.com/questions/47735201 (deepmufl: relu in front of softmax)",
)
def two_activations_on_output(output: Output) -> Finding:
    """The class scores pass through an activation of their own before the last one.

    Why it hurts: softmax of a softmax lies between 1/(k-1+e) and e/(k-1+e), 0.09 and 0.23 for ten
        classes: it can never be sure, and gradients stay small. A relu before it cuts away what
        speaks against a class.
    How it is found: the last layer with weights has an activation, and a softmax or sigmoid layer
        follows it.
    Fix: no activation on the last Dense; one softmax behind it, or the reverse.
    Limits: as for every finding, the measured gain decides.
    """
    if not output.activation:
        return unknown("the activation of the last layer could not be read")
    if output.activation not in PROBABILITIES or output.inner_activation == "linear":
        return clear(f"{output.inner_activation} scores, then {output.activation}")
    if output.label_kind not in ("index", "one-hot"):
        return unknown(NOT_CLASSES)
    return found(
        f"the class scores pass through {output.inner_activation} and then {output.activation}",
        fix=f"leave {output.inner_activation} out of the last layer with weights",
        where=(output.site,),
        repairs=(_right_output(output),),
        severity=0.4,
    )


@rule(
    "OUT010",
    "loss-passes-over-a-class",
    source="https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class: "
    "`ignore_class`, for a void class of segmentation maps",
)
def loss_passes_over_a_class(output: Output, labels: Labels) -> Finding:
    """The loss leaves the pictures of a class out.

    Why it hurts: wrong answers about them cost nothing, so the class is never learnt, and the
        others are answered in its place.
    How it is found: the loss itself is asked what a sure and wrong answer costs for a label of
        every class: for one it is next to nothing (`ignore_class=0`, a mask of labels that are not
        0, a weight of 0).
    Fix: cross-entropy over all classes.
    Limits: classes that are not validated may be left out on purpose. Losses that only exist inside
        a `train_step` are not asked.
    """
    missing = [name for name in output.passed_over if labels.validation_counts.get(name)]
    if not missing:
        return clear("wrong answers cost about as much in every validated class")
    if output.label_kind not in ("index", "one-hot"):
        return unknown(NOT_CLASSES)
    rows = sum(labels.validation_counts[name] for name in missing)
    share = rows / sum(labels.validation_counts.values())
    logits = output.from_logits or output.activation == "linear"
    plain = _right_output(output)
    return found(
        f"{output.loss} costs nothing where pictures of class {', '.join(missing)} are answered "
        f"wrongly: {share:.0%} of the validation pictures",
        fix="let the loss count every class: no ignore_class, no mask, no weight of 0",
        where=(output.compile_site,),
        repairs=(
            set_output(
                units=output.units,
                activation=output.activation,
                loss=plain.parameters["loss"],
                from_logits=logits,
            ),
        ),
        severity=share,
    )


@rule(
    "OUT011",
    "softmax-between-layers",
    source="Cao et al., DeepFD, ICSE 2022, fault type 'activation'; Goodfellow et al., Deep "
    "Learning, 2016, Sec. 6.2.2.3 (softmax as the output), 6.3 (hidden units)",
)
def softmax_between_layers(output: Output) -> Finding:
    """A layer in the middle of the network ends in softmax.

    Why it hurts: its units share a sum of 1. What reaches the next layer is a few hundredths a
        unit, nearly the same for every picture, and the gradient behind it is as small.
    How it is found: a Dense, Conv2D or Activation layer before the last one ends in softmax, and
        nothing is multiplied with what it gives, as attention does.
    Fix: relu in the middle, softmax at the end only.
    Limits: models with a `call` of their own are not looked into.
    """
    if not output.activation:
        return unknown("the activation of the last layer could not be read, nor those before it")
    if not output.sharing:
        return clear("no layer before the last ends in softmax")
    kinds = ", ".join(dict.fromkeys(layer.what for layer in output.sharing))
    return found(
        f"{len(output.sharing)} layer(s) in the middle end in softmax ({kinds}): their units share "
        "a sum of 1",
        fix="use relu there",
        where=tuple(layer.site for layer in output.sharing),
        repairs=tuple(
            set_arguments(layer.site, layer.what, {"activation": "relu"}, given=layer.details)
            for layer in output.sharing
        ),
        severity=0.4,
    )


def _claims_nothing(output: Output, accuracy: Accuracy | None) -> bool:
    """Does the script compute no accuracy of Keras's, so that its labels may be measurements?"""
    is_of_keras = output.accuracy_metric.lower().replace("_", "") in KERAS_ACCURACIES
    return not is_of_keras and (accuracy is None or accuracy.claimed is None)


def _right_output(output: Output) -> Repair:
    """The last layer and loss that fit the labels; a replay turns labels into what it wants."""
    if output.units == 1 and output.n_classes == 2 and output.label_kind == "index":
        return set_output(units=1, activation="sigmoid", loss="binary_crossentropy")
    kind = "categorical" if output.label_kind == "one-hot" else "sparse_categorical"
    units = max(output.n_classes, output.units if output.units > 1 else 2)
    return set_output(units=units, activation="softmax", loss=f"{kind}_crossentropy")


RULES = (
    softmax_over_one_unit,
    fewer_units_than_classes,
    logits_as_probabilities,
    probabilities_as_logits,
    activation_clips_output,
    regression_loss_on_classes,
    dropout_on_output,
    sigmoid_on_exclusive_classes,
    two_activations_on_output,
    loss_passes_over_a_class,
    softmax_between_layers,
)

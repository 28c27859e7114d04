"""What was measured of one run of a user's script: facts, no verdicts.

Rules take these records by parameter name (`pixels`, `backbone`, `labels`, ...): the names are
the fields of `Evidence`. A field is None where the run gave no such fact, and a rule that
needs it then answers "unknown". Accuracies are fractions in [0, 1].
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NEARLY_ALL = 0.75  # of the planned updates: a third more at a low rate would not change a loss much


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A place in the user's own code."""

    file: str
    line: int
    code: str = ""  # the source line, stripped


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One recorded call, operator or assignment in the user's code."""

    what: str  # canonical name: "numpy.resize", "ndarray.reshape", "preprocess_input", ...
    site: Site
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """Everything of interest the script did, in order."""

    calls: tuple[Call, ...]

    def of(self, *names: str) -> tuple[Call, ...]:
        """The calls with one of these canonical names, in order."""
        return tuple(call for call in self.calls if call.what in names)


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelStats:
    """A sample of pictures as they reach one boundary (model input or backbone input)."""

    n_images: int
    height: int
    width: int
    channels: int
    low: float  # 0.1th percentile
    high: float  # 99.9th percentile
    channel_means: tuple[float, ...]
    whole_numbers: float  # share of values that are whole numbers
    neighbour_correlation: (
        float  # of adjacent pixels, rows and columns averaged; photographs: 0.8 to 0.99
    )
    convention: str  # best explanation: a key of CONVENTIONS, or "" when none fits
    misfit: float  # of that explanation: 0 is perfect, above 0.25 is no fit
    runner_up: str
    runner_up_misfit: float
    distinct: int = 0  # different pictures in the sample
    finite: float = 1.0  # share of values that are numbers, and not infinite


@dataclass(frozen=True, kw_only=True, slots=True)
class Pixels:
    """The pictures of both parts, at the model's input and at the backbone's."""

    model_train: PixelStats
    model_validation: PixelStats | None
    backbone_train: PixelStats | None  # None where the network has no recognised backbone
    backbone_validation: PixelStats | None
    predicted: PixelStats | None = None  # at the model's input, of a `predict` after the training
    # of `probe.layouts`, in which neighbours of that part are far more alike; "" as they are
    layout_train: str = ""
    layout_validation: str = ""
    source_height: int = 0  # of the pictures before the script resized them, 0 if not known
    source_width: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Backbone:
    """The pretrained network inside the trained model."""

    name: str  # as in regraft.backbones.table
    convention: (
        str  # what it was pretrained on: a key of CONVENTIONS ("byte" if it rescales inside)
    )
    rescales_inside: bool
    site: Site | None  # where it was built
    weights: str  # "imagenet", "none", "file"
    looks_random: bool | None  # are the filters those of a fresh initialisation?
    input_height: int
    input_width: int
    last_map: tuple[int, int]  # height and width of the map the head reads
    n_layers: int  # layers with weights
    n_trainable_layers: int
    n_batchnorm: int
    n_batchnorm_trainable: int
    called_with_training: (
        bool | None
    )  # value of `training=` at base(x, training=...), None if not given
    weight_change: float  # relative L2 change of its trainable kernels by the training
    statistics_change: float  # relative change of its BatchNorm moving statistics by the training


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """The last layer, the loss, the labels and the metric, as compiled."""

    site: Site | None  # of the last layer
    compile_site: Site | None
    units: int
    activation: str  # "softmax", "sigmoid", "linear", "relu", ...
    loss: str  # snake case: "sparse_categorical_crossentropy", ...
    from_logits: bool
    label_kind: str  # "index", "one-hot", "multi-hot", "float"
    n_classes: int  # distinct classes seen in the labels of both parts
    accuracy_metric: str  # class the word "accuracy" resolved to, "" if no accuracy metric
    dropout_on_output: bool
    narrowest_hidden: int  # units of the narrowest Dense between backbone and output, 0 if none
    narrowest_site: Site | None
    largest_dropout: float  # highest rate between backbone and output
    dropout_site: Site | None = None  # of the layer with that rate
    # factor of an L2 penalty, or ten times that of an L1 penalty, anywhere in the model
    largest_penalty: float = 0.0
    penalty_site: Site | None = None  # of the layer with that factor
    inner_activation: str = "linear"  # of the last weights, where the activation is another layer
    # layers in the middle that end in softmax: class, where they are built, units or filters
    sharing: tuple[Call, ...] = ()
    passed_over: tuple[str, ...] = ()  # labels of which the loss does not punish wrong answers


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """The labels as they reached `fit` and the validation."""

    train_counts: Mapping[str, int]  # label value -> rows
    validation_counts: Mapping[str, int]
    lowest: float
    highest: float
    are_whole: bool
    batch_purity: float  # mean share of the commonest class in a training batch, as fed
    expected_purity: float  # the same for the same labels shuffled
    train_class_names: tuple[str, ...]  # from folders or generators, () where there are none
    validation_class_names: tuple[str, ...]
    total_variation: float  # distance of the two class distributions, in [0, 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """How it was trained: the last `fit` before the score."""

    site: Site | None
    optimizer: str  # lower case class name
    learning_rate: float  # at the start
    learning_rate_site: Site | None
    batch_size: int
    epochs: int
    planned_updates: int  # of the script as written, not of the sample
    n_train: int  # as written
    n_train_used: int  # in this run (may be a sample)
    shuffle: bool | None  # None for data sets that decide themselves
    validation: str  # "split", "data", "none"
    first_loss: float  # before the first update, inference mode
    last_loss: float
    losses: tuple[float, ...]  # per epoch, training
    trainable_parameters: int
    head_parameters: int
    unchanged_trainable: int  # variables that claim to be trainable and did not change
    trainable_changed_after_compile: bool
    trainable_changed_site: Site | None
    trainable_changed_in_epoch: int | None = None  # of `fit`, from 0: a callback did it
    mistyped_attributes: tuple[Call, ...]  # assignments such as layer.trainble = False
    fresh_batchnorm: int  # BatchNorm layers outside the backbone, or in one without weights
    sampled: bool
    callbacks: tuple[Mapping[str, Any], ...]  # class, monitor, mode, restore_best_weights, site
    frozen_was_trained: bool = False  # does what is frozen hold what an earlier `fit` learnt?
    is_head_trained: bool = False  # by an earlier training, with the backbone frozen or without it
    # arguments of the optimiser that make steps smaller, those that are set: "clipnorm", ...
    holds: Mapping[str, float] = field(default_factory=dict)
    mean_learning_rate: float = math.nan  # over the planned updates; NaN: as at the start
    median_learning_rate: float = math.nan  # over the updates made; NaN: nothing may change it
    highest_learning_rate: float = math.nan  # of them
    may_change_weights_at_end: bool = False  # callbacks of the script's own, averaged weights
    # lowest and highest value at the first weights of a network without a backbone, (0.1, 99.9)%
    first_span: tuple[float, float] | None = None
    fresh_momentum: float = 0.99  # of the moving averages of fresh BatchNorm layers
    class_weights: Mapping[str, float] = field(default_factory=dict)  # mean in the loss, by class
    weightless: float = 0.0  # share of training rows whose weight in the loss is 0
    is_random: bool = False  # are training pictures others each time they are read?
    drifting: tuple[str, ...] = ()  # parts that each pass finds scaled once more
    # share of training pictures with another label in the second epoch; None: not known
    relabelled: float | None = 0.0

    @property
    def class_weight(self) -> bool:
        """Do classes weigh differently in the loss?"""
        return len(set(self.class_weights.values())) > 1

    @property
    def updates_made(self) -> int:
        """Updates of this run, whatever share of the planned ones its sample left."""
        epochs = len(self.losses) or self.epochs  # some trainings end early
        return min(-(-self.n_train_used // self.batch_size) * epochs, self.planned_updates)

    @property
    def is_cut_short(self) -> bool:
        """Is it a sample that leaves out many of the updates the script makes?"""
        return self.sampled and self.updates_made < NEARLY_ALL * self.planned_updates


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """Measured by regraft in inference mode on the rows the script scores, and what was claimed."""

    validation: float
    n_validation: int
    claimed: float | None  # the number the script itself computed
    claimed_by: str  # "fit", "evaluate", "predict", "sklearn"
    train: float  # on training pictures as fed, without augmentation, inference mode
    train_in_training_mode: float | None
    chance: float  # 1 / classes
    majority: float  # share of the commonest validation class
    balanced: float  # mean recall over the classes of the validation part
    predicted_classes: int  # different classes ever predicted
    relabelled: float  # validation accuracy after the best one-to-one renaming of predicted classes
    renaming: tuple[
        int, ...
    ]  # that renaming: predicted class -> true class, () if the identity is best
    # name in regraft.diagnose.repairs.TRANSFORMS -> accuracy on validation pictures so changed
    by_transform: Mapping[str, float] = field(default_factory=dict)
    # share of pictures whose answer changes with the other pictures of the batch; None: not asked
    changed_by_batch: float | None = None
    # where the scored model holds no weights that a `fit` made: what the trained one reached
    trained_one_reached: float | None = None
    # by the script's own metric and by us, of the same weights and so many rows, where the number
    # that `fit` gave may be of other weights
    again: tuple[float, float, int] | None = None
    counted: float | None = None  # accuracy of predictions that the script counts one by one
    site: Site | None = None  # where it was scored
    elsewhere: float = math.nan  # the best on other pictures held out from the same training
    # how often answers and labels agree where they are paired at random, and half the summed
    # difference of the class shares of both; not a number where answers were not kept
    by_chance: float = math.nan
    variation: float = math.nan


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Validation pictures that the training part has too."""

    exact: float  # share of validation pictures identical to a training picture
    near: float  # share nearly identical (small shift, flip, recompression), exact ones included
    honest: float | None  # accuracy on the validation pictures that are not in the training part
    n_honest: int
    changes_between_passes: bool  # the validation set is another one each time it is read
    # positions in the array given to `fit` of training rows with a (near) twin in validation
    leaking_rows: tuple[int, ...] = ()
    leaking_share: float = 0.0  # of the training rows
    # validation rows that can be asked once these training rows, their twins, are left out
    asked_rows: tuple[int, ...] = ()
    dropped_rows: tuple[int, ...] = ()
    # share of validation pictures that an earlier `fit` was trained on, and not the last one; how
    # many training pictures the model had right before its first step; and what was reached, on
    # how many pictures, the last time that none of them had been trained on
    earlier: float = 0.0
    starts_at: float = math.nan
    first_honest: float | None = None
    n_first: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Association:
    """Can the labels be predicted from the pictures at all? Cross-validated, on training rows."""

    accuracy: float
    n: int
    chance: float
    noisy: (
        float  # share of rows whose label a cross-validated model contradicts with high confidence
    )
    noise_margin: (
        float  # accuracy gained on clean-looking rows when the contradicted rows are left out
    )
    # mistake in the order of the labels that explains them, and the share of alike pictures that
    # agree once it is undone; looked for where labels are at chance
    reordered: tuple[str, float] | None = None
    clean_accuracy: float = 1.0  # reached there by a model that was shown clean-looking rows only
    # accuracy gained on validation pictures when they are left out, and its standard error
    gain_elsewhere: float = 0.0
    gain_error: float = 0.0
    noisy_rows: tuple[int, ...] = ()  # those rows: positions in the array given to `fit`
    of_thumbnails: bool = False  # told by small pictures, where no frozen features were kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """Random changes to pictures, in the model or in the input pipeline."""

    sites: tuple[Call, ...]  # the calls that make them
    train_is_random: bool
    validation_is_random: bool
    low: float  # range of the augmented pictures at the same boundary as plain_low
    high: float
    plain_low: float
    plain_high: float
    plain_accuracy: float | None  # of a probe trained on plain pictures, on held-out plain pictures
    augmented_accuracy: float | None  # of the same probe on the same pictures augmented
    by_network: bool = False  # did that probe see what the pretrained network tells of them?


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Predictions compared with labels by the script itself."""

    site: Site
    claimed: float  # as the script pairs them
    honest: float  # with the labels that came with the very pictures predicted
    n_predictions: int
    n_labels: int
    mistake: str = ""  # of `probe.orders`, where undoing it is what tells the true pairs


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """The script printed a number behind the word accuracy."""

    text: str  # the words and the number: of one that is something else, if there is one
    value: float
    is_really: str = ""  # the name of that something in Keras: "loss", "val_auc"
    site: Site | None = None  # where that was computed
    honest: float | None = None  # accuracy on the rows it was computed from


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """Do training and validation pictures come from one distribution?"""

    separability: float  # cross-validated AUC of telling them apart, same class mix; 0.5 is none
    n: int
    # the one property of a whole picture that tells the parts apart best ("" if none was measured),
    # and the area under the curve of sorting by it
    told_by: str = ""
    by_one: float = 0.5
    twins: float = 0.0  # share of validation pictures with a near twin in their own part
    is_of_scored: bool = False  # pictures scored after the training, not those `fit` validates on?


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All facts of one run; None where there is no such fact."""

    ledger: Ledger
    pixels: Pixels | None = None
    backbone: Backbone | None = None
    output: Output | None = None
    labels: Labels | None = None
    training: Training | None = None
    accuracy: Accuracy | None = None
    overlap: Overlap | None = None
    association: Association | None = None
    augmentation: Augmentation | None = None
    order: Order | None = None
    shift: Shift | None = None
    printed_accuracy: Printed | None = None
    keras_version: str = ""

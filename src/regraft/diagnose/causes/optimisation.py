"""OPT: the learning rate or the number of updates keeps the network from learning."""

import math

from regraft.diagnose.causes.rates import ADAPTIVE_RATE, MANY_UPDATES, usual_rate
from regraft.diagnose.evidence import Accuracy, Association, Backbone, Ledger, Output, Training
from regraft.diagnose.repairs import release_optimiser, set_arguments, set_learning_rate
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

GENTLE = 1e-4  # adaptive rate up to which pretrained weights usually survive
DESTROYED = 0.3  # relative change of kernels: beyond, little of the pretraining is left
DAMAGED = 0.05  # enough, where training pictures are not even learnt
HIGH, LOW = 10.0, 0.1  # times the usual rate
SHORT = 0.02  # largest move of any weight; fresh Dense kernels start near 0.05
# Mean of a schedule over all updates, of its start. Cosine 0.5, down to a hundredth by equal
# factors 0.2, a tenth after half and three quarters 0.55: this one was over when it had begun.
SPENT = 0.05
# Median over the updates, of the highest: a tenth of the rate every epoch has 0.0003 in eight of
# them, cosine 0.5, down to a hundredth by equal factors 0.1, and steps 0.1 at least.
DIES = 0.02
LITTLE_SEEN = 0.5  # of the training rows, ever
# Batches of a quarter of the rows or more, larger than any that guides use, and so few updates in
# all: Adam at its usual rate has then moved no weight by more than its usual size, 0.05.
OF_ALL, LARGE_BATCH, FEW_UPDATES = 0.25, 256, 50
USUAL_BATCH = 32  # of Keras


@rule(
    "OPT001",
    "rate-destroys-pretrained-weights",
    source="https://github.com/keras-team/keras/issues/4465 and Kumar et al., Fine-Tuning can "
    "Distort Pretrained Features, ICLR 2022",
)
def rate_destroys_pretrained_weights(
    backbone: Backbone, training: Training, accuracy: Accuracy
) -> Finding:
    """The learning rate overwrites the pretrained weights.

    Why it hurts: in the first updates the fresh head sends large random gradients. At 0.001
        Adam moves every weight by about that much each time, a tenth of its size.
    How it is found: relative change of the backbone's trainable kernels by the training; found
        if it is large, or moderate while even training pictures are not learnt.
    Fix: freeze the backbone, train the head, then unfreeze with a rate of 1e-5.
    Limits: a large change that ends in good accuracy costs nothing: the gain decides. A network
        with BatchNorm may learn anew in some thousand updates: a sample of them tells nothing.
    """
    if backbone.weights == "none" or backbone.looks_random:
        return clear("there are no pretrained weights to lose")
    if not backbone.n_trainable_layers:
        return clear(f"{backbone.name} is frozen")
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    change, rate = backbone.weight_change, training.learning_rate
    if not math.isfinite(change):
        return unknown("the change of the pretrained weights is not a finite number: see OPT002")
    seen = (
        f"training changed the kernels of {backbone.name} by {change:.0%} "
        f"({training.optimizer}, {rate:g}) and reaches {accuracy.train:.2f} on training pictures"
    )
    unlearnt = accuracy.train < (1 + accuracy.chance) / 2
    if change <= (DAMAGED if unlearnt else DESTROYED):
        return clear(seen)
    usual = usual_rate(training)
    if rate <= usual * GENTLE / ADAPTIVE_RATE:
        return unknown(f"{seen}, although the rate is low")
    may_recover = backbone.n_batchnorm and training.planned_updates > MANY_UPDATES
    if training.is_cut_short and may_recover:
        return unknown(f"{seen}, after few of {training.planned_updates} updates")
    return found(
        seen,
        fix="use a rate of 1e-5 while pretrained layers are trained, or freeze them",
        where=(training.learning_rate_site, training.site),
        repairs=(set_learning_rate(usual / 100),),
        severity=0.7 if unlearnt else 0.2,
        weight_change=change,
    )


@rule(
    "OPT002",
    "rate-too-high",
    source="https://github.com/tflearn/tflearn/pull/691 and Goodfellow et al., Deep Learning, "
    "2016, Sec. 11.4.1",
)
def rate_too_high(training: Training, output: Output, accuracy: Accuracy) -> Finding:
    """The learning rate is so high that the loss diverges.

    Why it hurts: each update overshoots. The loss becomes infinite, or relu units die and the
        network gives one answer to everything.
    How it is found: a loss that is not finite or ends above its start; or a rate ten times the
        optimiser's usual one with a training loss that does not settle.
    Fix: the optimiser's usual rate, or a tenth of it.
    Limits: broken labels or outputs also give infinite losses; the gain tells them apart.
    """
    if training.optimizer == "" or not training.losses:
        return unknown("no optimiser or no loss was seen")
    mean = training.mean_learning_rate  # of a schedule: some warm up from nothing
    rate = max(training.learning_rate, mean if math.isfinite(mean) else 0.0)
    usual = usual_rate(training)
    level = math.log(max(2, output.n_classes))
    seen = (
        f"{training.optimizer} at {rate:g} takes the training loss from "
        f"{training.losses[0]:.3g} to {training.last_loss:.3g}"
    )
    finite = all(math.isfinite(loss) for loss in (*training.losses, training.last_loss))
    # the first loss is measured without weights, which may make the others several times larger
    start = max(training.first_loss, level, training.losses[0] if training.class_weight else 0.0)
    diverged = finite and training.last_loss > 1.5 * start
    if finite and not diverged:
        # ten times is a slip for Adam, and the textbook's rate for SGD with momentum
        is_usual = rate < HIGH * usual or (usual > ADAPTIVE_RATE and rate <= HIGH * usual)
        if is_usual or accuracy.train >= 0.95:
            return clear(seen)
        if training.is_cut_short:
            return unknown(f"{seen} in a sampled run: it may settle in all its updates")
        if math.isnan(accuracy.train):
            return unknown(f"{seen}; accuracy on training pictures was not measured")
        settled = training.last_loss < 0.5 * level and not _bounces(training.losses)
        if settled:
            return clear(seen)
    elif rate <= usual * LOW:
        return unknown(f"{seen}, but such a low rate does not explain it")
    return found(
        seen,
        fix=f"use a rate of {usual:g} or less",
        where=(training.learning_rate_site, training.site),
        repairs=(set_learning_rate(min(usual, rate / HIGH)),),
        severity=0.6,
        rate=rate,
        usual=usual,
    )


@rule(
    "OPT003",
    "rate-too-low",
    source="Cao et al., DeepFD, ICSE 2022, fault type 'learning rate'; Goodfellow et al., Deep "
    "Learning, 2016, Sec. 11.4.1",
)
def rate_too_low(
    training: Training,
    accuracy: Accuracy,
    backbone: Backbone | None = None,
    association: Association | None = None,
) -> Finding:
    """The learning rate is so low that a fresh head cannot move in the updates it gets.

    Why it hurts: Adam moves a weight by at most about the rate at each update. A hundred updates
        at 1e-6 leave a fresh head random.
    How it is found: a rate (the mean of a schedule) below a tenth of the usual one, training
        pictures not learnt, and either rate x updates below 20 usual ones, a schedule whose mean
        is below a twentieth of its start, or a training loss still close to its start. Or a
        callback with which half of the updates are made at a fiftieth of the highest rate.
    Fix: the optimiser's usual rate for the head; keep low rates for pretrained layers.
    Limits: a low rate after the head was trained is right: how far it reaches is not asked then,
        and a sample of such a training says nothing ("unknown").
    """
    mean = training.mean_learning_rate
    rate, usual = training.learning_rate if math.isnan(mean) else mean, usual_rate(training)
    if not training.losses or not math.isfinite(training.last_loss):
        return unknown("no finite training loss was seen")
    if rate < 0 or math.isnan(accuracy.train):
        return unknown("the rate is below nothing, or training accuracy was not measured")
    dies = training.median_learning_rate < DIES * training.highest_learning_rate
    if rate > LOW * usual * 0.99 and not dies:  # a tenth is still what many use to fine-tune
        return clear(f"{training.optimizer} at {rate:g} is no low rate")
    possible = _possible(association)
    if accuracy.train >= _learnable(accuracy, association):
        return clear(f"at {rate:g}, training pictures are learnt: {accuracy.train:.2f}")
    reach = rate * training.planned_updates
    is_finetuning = backbone is not None and backbone.n_trainable_layers > 0
    # a thousand weights of a whole network move together
    is_fresh = not training.is_head_trained and not is_finetuning
    cannot_move = is_fresh and reach < SHORT * usual / ADAPTIVE_RATE
    stays = training.last_loss > 0.7 * training.first_loss
    start = training.highest_learning_rate  # seen so far: a sample of a warm-up has not begun
    start = training.learning_rate if math.isnan(start) else start
    is_spent = dies or rate < SPENT * start
    if not (cannot_move or is_spent) and training.is_cut_short:
        return unknown(f"at {rate:g}, more updates than this sample allows may be enough")
    if not (cannot_move or is_spent or stays):
        return clear(f"at {rate:g}, the loss fell to {training.last_loss:.3g}")
    return found(
        f"{_described(training, rate)} can move a weight by {reach:.2g} in "
        f"{training.planned_updates} updates; the loss went from {training.first_loss:.3g} to "
        f"{training.last_loss:.3g}, training accuracy is {accuracy.train:.2f}",
        fix=(
            "let the rate fall more slowly: half of the updates are made at "
            f"{training.median_learning_rate:.2g} or less"
            if dies
            else f"let the schedule last all {training.planned_updates} updates: it counts batches"
            if is_spent
            else f"train the fresh head at {usual:g}"
        ),
        where=(training.learning_rate_site, training.site),
        repairs=(set_learning_rate(usual * (LOW if is_finetuning else 1.0)),),
        severity=max(0.1, 0.8 * (possible - accuracy.train)),
        rate=rate,
        reach=reach,
    )


@rule(
    "OPT004",
    "most-rows-never-seen",
    source="https://keras.io/api/models/model_training_apis/#fit-method: steps_per_epoch",
)
def most_rows_never_seen(training: Training, ledger: Ledger, accuracy: Accuracy) -> Finding:
    """Training ends before most pictures were seen once.

    Why it hurts: `steps_per_epoch` counts batches, not pictures. Too few, and the network is
        judged on a fraction of its data.
    How it is found: planned updates x batch size below half of the training rows, with training
        accuracy below 0.95.
    Fix: leave `steps_per_epoch` out, or set it to rows / batch size, rounded up.
    Limits: few epochs alone are not accused: that is a choice of time, not a fault.
    """
    if training.n_train < 1 or training.batch_size < 1 or training.planned_updates < 1:
        return unknown("rows, batch size or number of updates are not known")
    shown = training.planned_updates * training.batch_size / training.n_train
    if shown >= LITTLE_SEEN:
        return clear(f"each training row is shown {shown:.1f} times")
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    if accuracy.train >= 0.95:
        return clear(f"{shown:.0%} of the rows are shown, and they are enough")
    fits = ledger.of("fit")
    site = training.site or (fits[-1].site if fits else None)
    steps = math.ceil(training.n_train / training.batch_size)
    return found(
        f"{training.planned_updates} updates of {training.batch_size} show only {shown:.0%} of "
        f"{training.n_train} training rows",
        fix=f"leave steps_per_epoch out, or set it to {steps}",
        where=(site,),
        repairs=(set_arguments(site, "fit", {"steps_per_epoch": steps}),) if site else (),
        severity=0.3,
        shown=shown,
    )


@rule(
    "OPT005",
    "optimiser-holds-weights-still",
    source="https://keras.io/api/optimizers/: clipnorm, clipvalue, weight_decay; Pascanu et al., "
    "On the Difficulty of Training Recurrent Neural Networks, ICML 2013: norms of 1 and more",
)
def optimiser_holds_weights_still(
    training: Training, accuracy: Accuracy, association: Association | None = None
) -> Finding:
    """An argument of the optimiser other than its rate makes steps next to nothing.

    Why it hurts: a gradient clipped to a norm of 1e-4 moves plain SGD by the rate times 1e-4; an
        epsilon of 1 makes Adam as slow as that; a weight decay of 1 and more pulls weights back
        as fast as they grow.
    How it is found: clipping, decay and epsilon far outside what is usual, with training pictures
        that are not learnt.
    Fix: leave them at their defaults; clip at a norm of 1 where gradients explode.
    Limits: what adapts its steps does not mind clipping, and is not accused of it.
    """
    odd = {name: value for name, value in training.holds.items() if _is_odd(name, value, training)}
    if not odd:
        return clear("clipping, decay and epsilon are within what is usual")
    given = ", ".join(f"{name}={value:g}" for name, value in odd.items())
    if math.isnan(accuracy.train):
        return unknown(f"{given}, but accuracy on training pictures was not measured")
    seen = f"{training.optimizer} with {given} reaches {accuracy.train:.2f} on training pictures"
    if accuracy.train >= _learnable(accuracy, association):
        return clear(f"{seen}: they are learnt")
    return found(
        seen,
        fix=f"leave {' and '.join(odd)} at the default",
        where=(training.learning_rate_site, training.site),
        repairs=(release_optimiser(list(odd)),),
        severity=0.4,
    )


@rule(
    "OPT006",
    "batch-as-large-as-the-data",
    source="https://keras.io/api/models/model_training_apis/#fit-method: batch_size is 32 by "
    "default; Masters and Luschi, Revisiting Small Batch Training for Deep Neural Networks, 2018",
)
def batch_as_large_as_the_data(
    training: Training, ledger: Ledger, accuracy: Accuracy, association: Association | None = None
) -> Finding:
    """So large a batch that an epoch is a handful of updates.

    Why it hurts: each update moves a weight by no more than about the rate. A few of them leave
        the head next to its random start, however many pictures each of them looks at.
    How it is found: a batch of more than 256 rows, and of a quarter of all or more; less than 50
        updates are planned, and training pictures are not learnt.
    Fix: the usual batch of 32; or as many more epochs.
    Limits: only where the size is given to `fit`, or to `batch` of one data set.
    """
    n, size = training.n_train, training.batch_size
    if n < 1 or size < 1 or training.planned_updates < 1:
        return unknown("rows, batch size or number of updates are not known")
    seen = f"{training.planned_updates} updates are planned, with {size} of {n} rows each"
    if size <= LARGE_BATCH or size < OF_ALL * n or training.planned_updates >= FEW_UPDATES:
        return clear(seen)
    if math.isnan(accuracy.train):
        return unknown("accuracy on training pictures was not measured")
    seen = f"{seen}; training pictures are right at {accuracy.train:.2f}"
    if accuracy.train >= _learnable(accuracy, association):
        return clear(seen)
    batches = [call for call in ledger.of("tf.data.batch") if call.details.get("arg") == size]
    what = "tf.data.batch" if batches else "fit"
    placed = tuple(dict.fromkeys(call.site for call in batches)) or (training.site,)
    where = [site for site in placed if site is not None]
    if not where or (training.shuffle is None and not batches):
        return unknown(f"{seen}, but where the batch is set was not found")
    return found(
        seen,
        fix=f"leave batch_size out, or set it to {USUAL_BATCH}",
        where=tuple(where),
        repairs=tuple(set_arguments(site, what, {"batch_size": USUAL_BATCH}) for site in where),
        severity=0.3,
    )


# Clips: a hundredth of what is advised for gradients that explode. Epsilon: 1e-8 to 1e-3 are
# published, 0.1 and 1 once, with rates to match. Decay: 0.0001 to 0.1 are.
_SMALL_CLIP = {"clipnorm": 0.01, "global_clipnorm": 0.01, "clipvalue": 0.001}
_LARGE = {"weight_decay": 0.5, "epsilon": 0.05}


def _is_odd(name: str, value: float, training: Training) -> bool:
    if name in _SMALL_CLIP:
        return usual_rate(training) != ADAPTIVE_RATE and value < _SMALL_CLIP[name]
    return name in _LARGE and value >= _LARGE[name]


def _learnable(accuracy: Accuracy, association: Association | None) -> float:
    """What training pictures should reach: what a simple probe does, less a tenth, or half way."""
    return max(_possible(association) - 0.1, (1 + accuracy.chance) / 2)


def _possible(association: Association | None) -> float:
    """What a simple probe reaches on these pictures, as far as it was asked."""
    return min(0.9, association.accuracy if association is not None else 0.9)


def _described(training: Training, rate: float) -> str:
    if rate == training.learning_rate:
        return f"{training.optimizer} at {rate:g}"
    return (
        f"{training.optimizer}, whose schedule begins at {training.learning_rate:g} and is at "
        f"{rate:g} on average,"
    )


def _bounces(losses: tuple[float, ...]) -> bool:
    """Does the loss rise by a tenth over its best value so far?"""
    return any(loss > 1.1 * min(losses[: i + 1]) for i, loss in enumerate(losses))


RULES = (
    rate_destroys_pretrained_weights,
    rate_too_high,
    rate_too_low,
    most_rows_never_seen,
    optimiser_holds_weights_still,
    batch_as_large_as_the_data,
)

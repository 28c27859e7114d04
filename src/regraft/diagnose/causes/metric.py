"""MET: the number called accuracy is another number."""

import math
from collections.abc import Mapping
from typing import Any

from regraft.diagnose.evidence import Accuracy, Ledger, Order, Output, Printed, Site, Training
from regraft.diagnose.repairs import set_arguments
from regraft.diagnose.rule import Finding, Repair, clear, found, rule, unknown

APART = 0.05  # claimed and measured: below, evaluation details may explain it
SIGMAS = 3.0  # standard errors of the measured accuracy
BINARY = ("binaryaccuracy", "binary_accuracy")


@rule(
    "MET001",
    "accuracy-means-binary-accuracy",
    source="https://github.com/keras-team/keras/issues/6499 and "
    "https://stackoverflow.com/questions/42081257",
)
def accuracy_means_binary_accuracy(output: Output, accuracy: Accuracy) -> Finding:
    """The accuracy shown counts single outputs, not pictures.

    Why it hurts: with ten one-hot classes, a model that always answers "none" is right on nine
        outputs of ten: 0.90, before any training.
    How it is found: the class the metric resolved to, the number of units, and the accuracy
        measured again picture by picture.
    Fix: `categorical_accuracy`, or `metrics=["accuracy"]` with categorical cross-entropy.
    Limits: right for pictures with several classes each, which stay clear.
    """
    if not output.accuracy_metric:
        return unknown("no accuracy metric was compiled")
    if output.accuracy_metric.lower() not in BINARY:
        return clear(f"the metric is {output.accuracy_metric}")
    if output.units < 2 or output.label_kind == "multi-hot":
        return clear("single outputs are what is asked here")
    if accuracy.claimed is None:
        return unknown("the metric counts single outputs, but no number was claimed")
    if accuracy.claimed - accuracy.validation < APART:
        return clear(f"binary and true accuracy agree: {accuracy.validation:.2f}")
    return found(
        f"the metric is {output.accuracy_metric} over {output.units} outputs: it shows "
        f"{accuracy.claimed:.3f} where {accuracy.validation:.3f} of the pictures are right",
        fix="use categorical_accuracy",
        where=(output.compile_site,),
        claimed=accuracy.claimed,
        honest=accuracy.validation,
        severity=min(1.0, accuracy.claimed - accuracy.validation),
    )


@rule(
    "MET002",
    "monitor-mode-inverted",
    source="Keras callbacks/monitor_callback.py: mode 'min', 'max' or 'auto'",
)
def monitor_mode_inverted(training: Training) -> Finding:
    """A callback keeps the worst weights, or stops when things get better.

    Why it hurts: `mode="min"` on accuracy restores the epoch with the lowest accuracy, or stops
        as soon as it rises.
    How it is found: what each callback monitors, against its mode.
    Fix: leave `mode` at "auto", or "max" for accuracies and "min" for losses.
    Limits: metrics with names of one's own give "unknown". A ModelCheckpoint that is never
        loaded again costs nothing.
    """
    unclear = ""
    for callback in training.callbacks:
        mode, monitor = str(callback.get("mode", "auto")), str(callback.get("monitor", ""))
        if mode not in ("min", "max") or not monitor:
            continue
        right = _better(monitor)
        if not right:
            unclear = monitor
        elif mode != right:
            kind = str(callback.get("class", "callback"))
            return found(
                f"{kind} monitors {monitor!r} with mode={mode!r}, although {right!r} is better",
                fix=f'use mode={right!r}, or leave it at "auto"',
                where=(callback.get("site") or training.site,),
                repairs=_with_arguments(callback, {"mode": right}),
                severity=0.3,
            )
    if unclear:
        return unknown(f"whether more of {unclear!r} is better cannot be told from its name")
    return clear("no callback looks in the wrong direction")


@rule(
    "MET003",
    "claimed-differs-from-measured",
    source="https://github.com/keras-team/keras/issues/10014",
)
def claimed_differs_from_measured(
    accuracy: Accuracy,
    output: Output,
    training: Training,
    order: Order | None = None,
    ledger: Ledger | None = None,
) -> Finding:
    """The script's own accuracy is not what its model reaches on the same rows.

    Why it hurts: every decision taken on that number is taken on a wrong one.
    How it is found: the claimed number against predictions in inference mode on the same rows,
        picture by picture, beyond three standard errors and 5 points.
    Fix: use `model.evaluate` on the whole validation part, once, after the training.
    Limits: where a callback may restore other weights, or the optimiser averages them, numbers
        from `fit` are judged by what the metric says of the weights that are scored. Those
        MET001 or ORD001 explain are left to them.
    """
    if accuracy.claimed is None or not 0 <= accuracy.claimed <= 1:
        return unknown("no accuracy was claimed by the script")
    if accuracy.n_validation < 1:
        return unknown("nothing could be measured on the rows the script scores")
    seen = (
        f"{accuracy.claimed_by} says {accuracy.claimed:.3f}; measured on the same "
        f"{accuracy.n_validation} rows: {accuracy.validation:.3f}"
    )
    if not _is_apart(accuracy.claimed, accuracy.validation, accuracy.n_validation):
        return clear(seen)
    if output.accuracy_metric.lower() in BINARY and output.units > 1:
        return clear("the metric counts single outputs: MET001 is about that")
    if ledger is not None and ledger.of("argmax-of-one-output"):
        return clear("the predicted class is that of a single output: MET006 is about that")
    if order is not None and abs(order.claimed - order.honest) > APART:
        return clear("predictions and labels are paired wrongly: ORD001 is about that")
    restores = any(callback.get("restore_best_weights") for callback in training.callbacks)
    changes = restores or training.may_change_weights_at_end
    claimed, honest = accuracy.claimed, accuracy.validation
    if accuracy.claimed_by == "fit" and (changes or training.sampled):
        if accuracy.again is None:
            return unknown(f"{seen}, but the weights scored may be those of another epoch")
        claimed, honest, n = accuracy.again
        seen = (
            f"of the same weights and {n} rows, its metric says {claimed:.3f}, answers {honest:.3f}"
        )
        if not _is_apart(*accuracy.again):
            return clear(seen)
    return found(
        seen,
        fix="score with model.evaluate on the whole validation part",
        where=(training.site,),
        claimed=claimed,
        honest=honest,
        severity=0.05,
    )


def _is_apart(claimed: float, honest: float, n: int) -> bool:
    """Is a number beyond noise from the share of rows that are answered rightly?"""
    spread = math.sqrt(honest * (1 - honest) / n)
    return abs(claimed - honest) > max(APART, SIGMAS * spread)


def _better(monitor: str) -> str:
    """The direction in which a monitored number gets better, or "" if its name does not say."""
    name = monitor.removeprefix("val_")
    if name.endswith("loss") or "error" in name:
        return "min"
    return "max" if "acc" in name or name in ("auc", "precision", "recall", "f1_score") else ""


@rule(
    "MET004",
    "column-compared-with-row",
    source="https://numpy.org/doc/stable/user/basics.broadcasting.html: (n, 1) against (n,) is "
    "(n, n)",
)
def column_compared_with_row(ledger: Ledger) -> Finding:
    """Every prediction was compared with every label.

    Why it hurts: `predict` with one output gives a column, labels are a row. `==` spreads both
        out to n times n truths, whose mean says how often classes occur, not who is right.
    How it is found: a comparison of remembered predictions (n, 1) with labels (n,).
    Fix: flatten the predictions first.
    Limits: where both numbers agree within 0.05 nobody is misled: clear.
    """
    spread = ledger.of("comparison-spread-out")
    if not spread:
        return clear("no column was compared with a row")
    call = spread[-1]
    claimed, honest = call.details.get("claimed"), call.details.get("honest")
    if claimed is None or honest is None:
        return unknown("predictions were compared with all labels, but no row was computed")
    seen = (
        f"predictions ({call.details['rows']}, 1) == labels ({call.details['rows']},) at line "
        f"{call.site.line} compares all with all: {claimed:.3f}; row by row it is {honest:.3f}"
    )
    fix = "flatten the predictions before they are compared: predictions.ravel()"
    return _contradicted(seen, call.site, claimed=claimed, honest=honest, fix=fix)


@rule(
    "MET005",
    "another-number-called-accuracy",
    source="https://keras.io/api/models/model_training_apis/: `evaluate` returns the loss and then "
    "the metrics in the order they were compiled in; `metrics_names` has their names",
)
def another_number_called_accuracy(printed_accuracy: Printed) -> Finding:
    """What the script prints as its accuracy is another metric, the loss, or of other pictures.

    Why it hurts: every decision taken on that number is taken on a wrong one.
    How it is found: each number printed behind the word accuracy, to three digits or more, against
        all that `fit` and `evaluate` returned: it is one of them, and none of the accuracies; or
        it is said to be of test or validation pictures, and was computed on training pictures.
    Fix: take it by its name: `evaluate(..., return_dict=True)["accuracy"]`.
    Limits: numbers that are drawn, logged or written to files only are not seen. Where both are
        within 0.05 nobody is misled: clear.
    """
    printed = printed_accuracy
    if printed.honest is None:
        return clear(f"it prints {printed.text!r}, and no other metric has that value")
    seen = (
        f"it prints {printed.text!r}, which is {printed.is_really!r}; "
        f"{printed.honest:.3f} of those pictures are right"
    )
    fix = 'take the number by its name: evaluate(..., return_dict=True)["accuracy"]'
    return _contradicted(seen, printed.site, claimed=printed.value, honest=printed.honest, fix=fix)


@rule(
    "MET006",
    "argmax-of-one-output",
    source="https://numpy.org/doc/stable/reference/generated/numpy.argmax.html: of an axis of "
    "length 1 it is 0",
)
def argmax_of_one_output(ledger: Ledger) -> Finding:
    """The predicted class is taken by `argmax` from a network with one output.

    Why it hurts: of one number the largest is the first: every picture counts as class 0, whatever
        the network says. The score is the share of that class.
    How it is found: labels are compared with zeros, as many as a network with one output was asked
        for just before, and its answers above one half are not all 0.
    Fix: compare the output with 0.5 (with 0, if it is a logit).
    Limits: none known.
    """
    calls = ledger.of("argmax-of-one-output")
    if not calls:
        return clear("no argmax of a single output was scored")
    call = calls[-1]
    claimed, honest = call.details.get("claimed"), call.details.get("honest")
    if claimed is None or honest is None:
        return unknown("labels were compared with class 0 for all pictures, and none was computed")
    seen = (
        f"at line {call.site.line} labels are compared with class 0 for all {call.details['rows']} "
        f"pictures: {claimed:.3f}; by its outputs the network has {honest:.3f}"
    )
    fix = "use (model.predict(x) > 0.5).astype(int).ravel() in place of argmax"
    return _contradicted(seen, call.site, claimed=claimed, honest=honest, fix=fix)


@rule(
    "MET007",
    "stopped-while-improving",
    source="https://keras.io/api/callbacks/early_stopping/: `min_delta` and `baseline`",
)
def stopped_while_improving(training: Training) -> Finding:
    """Early stopping ended the training although it was still getting better.

    Why it hurts: `min_delta` is in the units of what is monitored: with 1 or 0.1 hardly any epoch
        of an accuracy or a loss counts as better, and training ends after `patience` epochs,
        whatever it learns. A `baseline` that is out of reach does the same.
    How it is found: what was monitored is read again, with any improvement counted: the best epoch
        is less than `patience` epochs before the end.
    Fix: leave `min_delta` at 0, or at a thousandth, and `baseline` out.
    Limits: of a sample that makes far fewer updates than the script it cannot be told: its epochs
        improve by less.
    """
    ended = [c for c in training.callbacks if "since_best" in c]
    early = [c for c in ended if c["since_best"] < max(1, c["patience"])]
    if not early:
        return clear("no training was ended while it was getting better")
    if training.is_cut_short:
        return unknown("epochs of a sample improve by less than those of the script")
    callback = early[-1]
    goal = callback["baseline"]
    why = f"min_delta={callback['min_delta']:g}" if goal is None else f"baseline={goal:g}"
    since = callback["since_best"]
    when = "its best so far" if not since else f"{since} after the best"
    return found(
        f"{callback['class']} ended the training in epoch {callback['stopped_epoch'] + 1} of "
        f"{training.epochs}, {when} by {callback['monitor']!r}, with "
        f"patience={callback['patience']}: {why} lets no improvement count",
        fix="leave min_delta at 0 and baseline out, so that any improvement counts",
        where=(callback.get("site") or training.site,),
        repairs=_with_arguments(callback, {"min_delta": 0, "baseline": None}),
        severity=0.3,
    )


def _with_arguments(
    callback: Mapping[str, Any], arguments: Mapping[str, Any]
) -> tuple[Repair, ...]:
    """A callback built with other arguments; nothing where nobody knows where it was built."""
    site = callback.get("site")
    return (set_arguments(site, str(callback["class"]), arguments),) if site else ()


def _contradicted(
    seen: str, site: Site | None, *, claimed: float, honest: float, fix: str
) -> Finding:
    """Found where the number that the script claims is not about the one that holds."""
    apart = abs(claimed - honest)
    if apart < APART:
        return clear(seen)
    return found(
        seen, fix=fix, where=(site,), claimed=claimed, honest=honest, severity=min(1.0, apart)
    )


RULES = (
    accuracy_means_binary_accuracy,
    monitor_mode_inverted,
    claimed_differs_from_measured,
    column_compared_with_row,
    another_number_called_accuracy,
    argmax_of_one_output,
    stopped_while_improving,
)

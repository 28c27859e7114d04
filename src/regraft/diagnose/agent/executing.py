"""The training itself: in full, on a sample, or on the outputs of the frozen part."""

import time
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    augmentation,
    boundary,
    callbacks,
    compiling,
    feeds,
    frozen,
    interventions,
    samples,
    session,
    shown,
)
from regraft.diagnose.agent.training import Fit
from regraft.diagnose.probe import labels as label_probe

LATE = 1.5  # times its time: where a training stops by itself is a guess
COPIED = 256e6  # bytes: Keras copies an array whole, so a larger one is forecast on its first rows
LARGE = 128  # pixels a side
REHEARSAL_BATCH = 8  # of large pictures: a step of more takes half a minute
FASTEST = 0.004  # seconds to train a network on one 224-pixel picture, on any CPU we know
HOPELESS = 20.0  # times the time that a training is given
LEAST_ROWS = 128  # a smaller sample says nothing
LEAST_VALIDATION = 300  # rows: an accuracy of 0.9 is then known to 0.035
STEPS = ("train_step", "test_step", "compute_loss", "compute_metrics")  # that a class may replace
PASS = 1 / 3  # of the time of a training step, for the same rows forward only


def train(fit: Fit) -> Any:
    """Train as the script would; returns the Keras history.

    Raises:
        NeedsSmallerInput: If even the smallest sample takes far too long.
    """
    with augmentation.wanted_off("train"), compiling.as_compiled(fit.model):
        return _train(fit)


def _train(fit: Fit) -> Any:
    wanted = (session.SESSION.settings.get("rows") or {}).get(str(fit.number))
    if wanted is not None:
        _sample(fit, wanted)
    cut = session.SESSION.cuts.of(fit.model) if _may_cut(fit) else None
    started = time.monotonic()
    try:
        history = _train_on(fit, cut, may_give_up=session.SESSION.may_sample)
    except session.TooSlow as slow:
        rows = _affordable_rows(fit, slow.seconds_per_row)
        if rows < LEAST_ROWS and session.SESSION.may_shrink:
            side = fit.train.x.shape[1] if fit.train.x.ndim == 4 else 0
            raise session.NeedsSmallerInput(
                side, slow.seconds_per_row * fit.expected_epochs
            ) from None
        rows = max(rows, LEAST_ROWS)
        _sample(fit, {"train": rows, "validation": max(rows // 3, LEAST_VALIDATION)})
        history = _train_on(fit, cut, may_give_up=False)
    fit.record["seconds"] = time.monotonic() - started
    if fit.rates is not None:
        fit.record["trainable_changed_in_epoch"] = fit.rates.changed_in
        if not compiling.has_schedule(fit.model):
            fit.record |= fit.rates.described()
    fit.record["cut"] = cut is not None
    return history


def _affordable_rows(fit: Fit, seconds_per_row: float) -> int:
    """Training rows that fit the time, when validation is gone through once more at the end."""
    n = len(fit.validation) if fit.validation is not None else 0
    allowed = session.SESSION.fit_seconds
    training = seconds_per_row * fit.expected_epochs
    passes = seconds_per_row * PASS  # of one validation row
    rows = int(allowed / (training + passes / 3))
    if rows // 3 >= LEAST_VALIDATION or not n:
        return rows
    return int((allowed - min(n, LEAST_VALIDATION) * passes) / training)


def refuse_the_hopeless(fit: Fit) -> None:
    """Ask for a smaller input before a first step where a forward pass tells that it is too slow.

    Raises:
        NeedsSmallerInput: If training whole large pictures would take many times its time.
    """
    x, allowed = fit.train.x, session.SESSION.fit_seconds
    if not (session.SESSION.may_shrink and session.SESSION.may_sample) or x.ndim != 4:
        return
    share = x.shape[1] * x.shape[2] / (224 * 224)
    if len(x) * fit.expected_epochs * share * FASTEST < HOPELESS * allowed or share < 0.25:
        return
    if fit.base is None:
        return
    cut = session.SESSION.cuts.of(fit.model)
    whole = _seconds_forward(fit.model, x)
    trunk = _seconds_forward(cut.trunk, x) if cut is not None else 0.0
    each = trunk + fit.expected_epochs * max(0.0, whole - trunk) / PASS
    if allowed / each < LEAST_ROWS:
        raise session.NeedsSmallerInput(x.shape[1], each)


def _seconds_forward(model: Any, x: np.ndarray) -> float:
    """A picture's, in a batch as small as is safe with large ones."""
    few = x[:REHEARSAL_BATCH]
    model(few, training=False)
    started = time.monotonic()
    np.asarray(model(few, training=False))
    return (time.monotonic() - started) / len(few)


def _sample(fit: Fit, wanted: dict[str, int]) -> None:
    for name, n in wanted.items():
        feed = getattr(fit, name)
        if feed is not None and len(feed) > n:
            rows = feeds.stratified(feeds.label_indices(feed.y), n, session.SESSION.seed)
            setattr(fit, name, feed.take(rows))
            if name == "train":
                fit.kept = fit.kept[rows]
                fit.sample = samples.spread(len(rows), samples.ROWS)


def _may_cut(fit: Fit) -> bool:
    import keras

    own = type(fit.model)
    is_plain = all(getattr(own, step) is getattr(keras.Model, step) for step in STEPS)
    # a step that is to follow what becomes trainable must hold all of it
    is_whole = interventions.ACTIVE.one("recompile-when-changed") is not None
    return is_plain and not is_whole and not (fit.train.is_drawn_anew or fit.train.random_pixels)


def _train_on(fit: Fit, cut: frozen.Cut | None, *, may_give_up: bool) -> Any:
    keep = ("verbose", "epochs", "initial_epoch", "class_weight", "validation_freq")
    arguments = {k: v for k, v in fit.arguments.items() if k in keep}
    every, last = arguments.get("validation_freq"), int(arguments.get("epochs", 1))
    if isinstance(every, int) and last % every:  # what is claimed and measured are of one epoch
        arguments["validation_freq"] = [*range(every, last, every), last]
    arguments["verbose"] = 0
    script_callbacks = _callbacks_of(fit)
    train, validation = fit.train, fit.validation
    arguments["batch_size"] = fit.batch_size
    arguments["shuffle"] = _order(fit)
    if (steps := _steps(fit)) is not None:
        arguments["steps_per_epoch"] = steps
    if interventions.ACTIVE.one("ignore-weights") is not None:
        arguments.pop("class_weight", None)
    elif train.sample_weight is not None:
        arguments["sample_weight"] = train.sample_weight
    x, y = train.x, train.y
    if train.is_drawn_anew:
        return _train_on_source(fit, script_callbacks, arguments, may_give_up=may_give_up)
    if cut is None:
        return _train_directly(
            fit, x, y, validation, script_callbacks, arguments, may_give_up=may_give_up
        )
    extra = boundary.signature()
    stored = dict(session.SESSION.compiled[id(fit.model)]["arguments"])
    stored["optimizer"] = fit.model.optimizer
    session.SESSION.original["compile"](cut.rest, **stored)
    if may_give_up:
        _forecast_cut(fit, cut, x, y)
    x = session.SESSION.store.outputs(cut.trunk, x, extra)
    shown.keep_features(f"fit{fit.number}_train", x, fit.kept)
    if validation is not None:
        held_out = session.SESSION.store.outputs(cut.trunk, validation.x, extra)
        shown.keep_features(f"fit{fit.number}_validation", held_out, validation.rows)
        arguments["validation_data"] = (held_out, validation.y)
    _build_metrics(fit.model, cut.rest, x, y)
    together = callbacks.stop_together(fit.model, cut.rest)
    with callbacks.meaning_whole(fit.model, script_callbacks):
        history = session.SESSION.original["fit"](
            cut.rest, x, y, callbacks=[*script_callbacks, together], **arguments
        )
    fit.trained = cut.rest
    fit.model.history = history
    return history


def _build_metrics(model: Any, rest: Any, x: np.ndarray, y: Any) -> None:
    """Callbacks look among the metrics of the whole model, which is not what is trained."""
    metrics = getattr(model, "_compile_metrics", None)
    if metrics is not None and not metrics.built:
        metrics.build(y[:1], rest(x[:1], training=False))


def _steps(fit: Fit) -> int | None:
    """Steps of an epoch where the script makes fewer than a pass has, in the share of a sample."""
    steps, train = fit.arguments.get("steps_per_epoch"), fit.train
    if not steps or steps * fit.batch_size >= feeds.WHOLE_PASS * train.planned:
        return None
    return max(1, int(steps * len(train) / train.planned + 0.5))


def _rows_an_epoch(fit: Fit, n: int) -> int:
    """Of so many rows, those that an epoch trains on."""
    steps = _steps(fit)
    return n if steps is None else min(n, steps * fit.batch_size)


def _callbacks_of(fit: Fit) -> list[Any]:
    """The script's own, and what watches over the learning rate that these may change."""
    own = list(samples.flat(fit.arguments.get("callbacks")))
    wanted = interventions.ACTIVE.one("set-learning-rate")
    if wanted is not None:
        own = [c for c in own if "LearningRate" not in type(c).__name__
               and "ReduceLR" not in type(c).__name__]  # fmt: skip
    if interventions.ACTIVE.one("recompile-when-changed") is not None:
        own.append(callbacks.recompile_when_changed())
    compiled = session.SESSION.compiled.get(id(fit.model), {})
    other = compiling.other_rate(compiled.get("site"), compiled.get("rate", np.nan))
    if other is not None:
        # against callbacks, and against what was assigned to the optimiser after compile
        return [*own, callbacks.hold_rate(other)]
    if not own:
        return []
    fit.rates = callbacks.rates()
    may_end_late = fit.expected_epochs < fit.epochs
    ends = [callbacks.end_after(LATE * session.SESSION.fit_seconds)] if may_end_late else []
    return [*own, fit.rates, *ends]


def _order(fit: Fit) -> bool:
    feed = fit.train
    if interventions.ACTIVE.one("shuffle-training") is not None:
        return True
    if feed.source is None:
        return bool(fit.arguments.get("shuffle", True)) or feed.reshuffles
    labels = feeds.label_indices(feed.y)
    # a buffer too small to mix the classes is kept as it is: the order it gave
    is_mixed = feed.is_mixed_again or label_probe.is_mixed(labels, fit.batch_size, like=labels)
    return feed.reshuffles and is_mixed


def _forecast_cut(fit: Fit, cut: frozen.Cut, x: np.ndarray, y: np.ndarray | None) -> None:
    """One pass of the frozen part, and the training of the rest, timed on a few rows.

    Raises:
        TooSlow: If both together do not fit the time of a training.
    """
    if len(x) <= 2 * frozen.CHUNK or y is None:
        return
    chunk = REHEARSAL_BATCH if _is_large(x) else frozen.CHUNK
    few = frozen.forward(cut.trunk, x[:chunk], chunk=chunk)  # traces
    started = time.monotonic()
    frozen.forward(cut.trunk, x[:chunk], chunk=chunk)
    trunk = (time.monotonic() - started) / chunk
    state = frozen.Snapshot(cut.rest)
    rows = _rows_an_epoch(fit, len(x))
    watch = callbacks.stopwatch(rows, fit.batch_size, fit.expected_epochs, give_up=False)
    n_again = callbacks.FORECAST_STEPS * callbacks.at_once(cut.rest) * fit.batch_size
    again = np.arange(n_again) % len(few)
    session.SESSION.original["fit"](
        cut.rest, few[again], y[again], callbacks=[watch], batch_size=fit.batch_size, verbose=0
    )
    state.restore()
    n_scored = len(fit.validation) if fit.validation is not None else 0
    total = trunk * (len(x) + n_scored) + watch.seconds_per_row * fit.expected_epochs * rows
    if total > session.SESSION.fit_seconds:
        raise session.TooSlow(trunk / fit.expected_epochs + watch.seconds_per_row)


def _is_large(x: np.ndarray) -> bool:
    """Pictures that take seconds each on a slow machine?"""
    return x.ndim == 4 and x.shape[1] * x.shape[2] > LARGE**2


def _train_directly(
    fit: Fit, x: Any, y: Any, validation: Any, own: list[Any], arguments: dict[str, Any],
    *, may_give_up: bool,
) -> Any:  # fmt: skip
    once = len(x) < fit.train.planned and not any(callbacks.reads_validation(c) for c in own)
    if validation is not None:
        arguments["validation_data"] = (validation.x, validation.y)
        if once:  # a sample is short of time, and only the last number counts
            arguments["validation_freq"] = int(arguments.get("epochs", 1))
    state = frozen.Snapshot(fit.model)
    rows = _rows_an_epoch(fit, len(x))
    watch = callbacks.stopwatch(rows, fit.batch_size, fit.expected_epochs, give_up=may_give_up)
    train = session.SESSION.original["fit"]
    try:
        if may_give_up and x.nbytes > COPIED:
            small = min(REHEARSAL_BATCH, fit.batch_size) if _is_large(x) else fit.batch_size
            few = callbacks.FORECAST_STEPS * small
            rehearsal = callbacks.stopwatch(rows, small, fit.expected_epochs, give_up=True)
            train(fit.model, x[:few], y[:few], callbacks=[rehearsal], batch_size=small,
                  verbose=0)  # fmt: skip
            state.restore()
        history = train(fit.model, x, y, callbacks=[*own, watch], **arguments)
    except session.TooSlow:
        state.restore()
        raise
    if once:
        _score_once(fit.model, history, validation)
        callbacks.one_entry_an_epoch(history)
    fit.trained = fit.model
    return history


def _score_once(model: Any, history: Any, validation: Any) -> None:
    """A callback may end a training before the epoch whose end is scored."""
    if validation is None or any(name.startswith("val_") for name in history.history):
        return
    last = session.SESSION.original["evaluate"](
        model, validation.x, validation.y, verbose=0, return_dict=True
    )
    history.history |= {f"val_{name}": [value] for name, value in last.items()}


def _train_on_source(
    fit: Fit, own: list[Any], arguments: dict[str, Any], *, may_give_up: bool
) -> Any:
    """Pictures or labels are drawn anew each epoch: only the data set itself can do that."""
    for name in ("batch_size", "shuffle", "sample_weight"):
        arguments.pop(name, None)
    feed = fit.train
    if len(feed) < feed.planned:  # a sample: as many batches, or its share of few steps
        arguments["steps_per_epoch"] = _steps(fit) or -(-len(feed) // fit.batch_size)
    elif fit.arguments.get("steps_per_epoch"):
        arguments["steps_per_epoch"] = fit.arguments["steps_per_epoch"]
    if fit.validation is not None:
        arguments["validation_data"] = (fit.validation.x, fit.validation.y)
    source = feed.source
    if arguments.get("steps_per_epoch") and hasattr(source, "repeat"):
        source = source.repeat()
    rows = _rows_an_epoch(fit, len(feed))
    watch = callbacks.stopwatch(rows, fit.batch_size, fit.expected_epochs, give_up=may_give_up)
    state = frozen.Snapshot(fit.model)
    try:
        history = session.SESSION.original["fit"](
            fit.model, source, callbacks=[*own, watch], **arguments
        )
    except session.TooSlow:
        state.restore()
        raise
    fit.trained = fit.model
    return history

"""What is known of a training before its first step."""

import contextlib
import time
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    answering,
    augmentation,
    boundary,
    callbacks,
    compiling,
    feeds,
    frozen,
    holding,
    in_model,
    ledger,
    own_losses,
    passed_over,
    samples,
    session,
    shown,
)
from regraft.diagnose.agent.training import Fit
from regraft.diagnose.losses import BY_SIGN, CROSS_ENTROPIES, REGRESSION
from regraft.diagnose.probe import labels as label_probe

KNOWN = CROSS_ENTROPIES | REGRESSION | BY_SIGN
FEW = 64  # rows that tell features from pictures that were flattened
TOLD, TIMED = 400, 16  # photographs that the pretrained network is asked about; at a time
TELLING_SECONDS = 6.0  # that this may take a part; with half of the photographs it is left
ASKED = 8  # rows that a model without a graph is asked about
LINKED = 16  # rows that are looked for among earlier predictions


def measure_before(fit: Fit) -> None:
    """Describe the model, the rows and the compile arguments; keep samples for the probes."""
    model, train = fit.model, fit.train
    _drop_uncomputed(fit)
    sample = samples.spread(len(fit.train), samples.ROWS)
    fit.sample = sample
    fit.kept = np.arange(len(fit.train))  # positions in the feed as first read
    _build(fit)
    stored = session.SESSION.compiled.get(id(model), {})
    arguments = stored.get("arguments", {})
    labels = feeds.label_indices(fit.train.y)
    steps = fit.arguments.get("steps_per_epoch") or int(np.ceil(train.planned / fit.batch_size))
    compiled_for = stored.get("trainable", frozenset())
    now = compiling.trainable(model) & stored.get("variables", frozenset())
    head = anatomy.describe_head(model, train.x[:ASKED])
    fit.record |= {
        "number": fit.number, "site": fit.site, **head,
        **_describe_loss(arguments.get("loss"), fit.train.y, int(head["units"])),
        "compile_site": stored.get("site"),
        "optimizer": type(model.optimizer).__name__.lower() if model.optimizer else "",
        "learning_rate": compiling.rate(model), "compiled_rate": stored.get("rate"),
        "holds": holding.of_optimizer(model.optimizer),
        "mean_learning_rate": compiling.mean_rate(model, int(steps) * fit.epochs),
        "batch_size": fit.batch_size, "epochs": fit.epochs,
        "planned_updates": int(steps) * fit.epochs, "n_train": train.planned,
        "shuffle": _shuffle(fit), "validation": fit.how,
        "n_validation": fit.validation.planned if fit.validation else 0,
        **_weights(fit, labels),
        "train_random": train.random_pixels, "train_relabelled": train.relabelled,
        "validation_random": bool(fit.validation and fit.validation.random_pixels),
        "drifting": [
            part
            for part, feed in (("train", train), ("validation", fit.validation))
            if feed is not None and feed.drifts
        ],
        "validation_seen_again": fit.validation.seen_again if fit.validation else 1.0,
        "trainable_changed_after_compile": bool(compiled_for and compiled_for != now),
        "trainable_parameters": int(sum(np.prod(v.shape) for v in model.trainable_variables)),
        "base": anatomy.describe_base(model, fit.base, _entered(fit)) if fit.base else None,
        "callbacks": [callbacks.describe(c) for c in samples.flat(fit.arguments.get("callbacks"))],
        "may_change_weights_at_end": callbacks.may_change_weights(
            model, samples.flat(fit.arguments.get("callbacks"))
        ),
        "in_model_augmentation": [
            {"layer": type(layer).__name__, "site": anatomy.built_at(layer)}
            for layer in anatomy.flat_layers(model)
            if anatomy.is_random(layer) and "Dropout" not in type(layer).__name__
        ],
    }  # fmt: skip
    fit.record["random_in_inference"] = any(
        anatomy.is_always_random(layer) for layer in anatomy.flat_layers(model)
    )
    _note_own_augmentation(fit)
    if fit.base is None:
        _link_features(fit)
    _forget_earlier(fit)
    shown.keep(f"fit{fit.number}_train", fit.train, sample)
    if fit.validation is not None:
        rows = samples.spread(len(fit.validation), samples.ROWS)
        shown.keep(f"fit{fit.number}_validation", fit.validation, rows)
    _keep_all_labels(fit, labels)
    if session.SESSION.is_probed:
        _probe(fit)


def _note_frozen(fit: Fit) -> None:
    """Does what is frozen now hold what an earlier `fit` has learnt?"""
    learnt = session.SESSION.learnt
    fit.record["frozen_was_trained"] = bool(learnt) and not learnt.isdisjoint(
        anatomy.digests(fit.model, trainable=False)
    )


def _note_own_augmentation(fit: Fit) -> None:
    """Layers of the script's own that change pictures: Keras's are noted as they are built."""
    for layer in anatomy.flat_layers(fit.model):
        where = anatomy.built_at(layer)
        if anatomy.is_known_random(layer) and where is not None:
            ledger.RECORD.event("augmentation", where, layer=type(layer).__name__)


def _forget_earlier(fit: Fit) -> None:
    """Of trainings in a loop, what was kept of all but the latest: rules judge the last."""
    same = [f["number"] for f in ledger.RECORD.fits if f.get("site") == fit.site]
    for number in same[: -session.MANY_FITS + 1]:
        for name in [n for n in ledger.RECORD.arrays if n.startswith(f"fit{number}_")]:
            del ledger.RECORD.arrays[name]


def _probe(fit: Fit) -> None:
    """What only rules ask for: a replay that is only scored does without."""
    attempt = ledger.RECORD.attempt
    for part, feed in (("train", fit.train), ("validation", fit.validation)):
        if feed is not None:
            name = f"fit{fit.number}_{part}"
            attempt("pictures at the backbone", shown.show, name, fit.model, feed)
    attempt("rows trained on", _remember_rows, fit)
    attempt("what is frozen", _note_frozen, fit)
    attempt("augmentation", _keep_augmented, fit)
    attempt("features of the backbone", _keep_backbone_features, fit)
    attempt("pixels at the first weights", _note_first_weights, fit)
    attempt("overlap", _overlap, fit)
    attempt("weights before", _remember_weights, fit)
    attempt("before the first step", _start, fit)
    attempt("what the loss passes over", _passed_over, fit)


def _passed_over(fit: Fit) -> None:
    stored = session.SESSION.compiled.get(id(fit.model), {})
    loss = stored.get("arguments", {}).get("loss")
    if loss is None or isinstance(loss, dict | list | tuple) or fit.train.y is None:
        return  # several outputs
    fit.record["passed_over"] = passed_over.passed_over(
        loss,
        fit.train.y,
        feeds.label_indices(fit.train.y),
        units=int(fit.record["units"]),
        logits=fit.record["from_logits"] or fit.record["activation"] == "linear",
    )


def _remember_rows(fit: Fit) -> None:
    learnt = session.SESSION.learnt
    fit.record["is_anew"] = not learnt or learnt.isdisjoint(
        anatomy.digests(fit.model) + anatomy.digests(fit.model, trainable=False)
    )
    if fit.record["is_anew"]:
        session.SESSION.earlier_rows = set()  # it knows none of what others were trained on
    else:
        session.SESSION.earlier_rows |= session.SESSION.trained_rows
    rows = samples.spread_within(fit.train.x, 20_000)
    session.SESSION.trained_rows = {feeds.digest_row(fit.train.x[row]) for row in rows}
    session.SESSION.share_remembered = len(rows) / max(1, len(fit.train))


def _remember_weights(fit: Fit) -> None:
    kernels = [v for v in fit.model.trainable_variables if len(v.shape) >= 2]
    fit.kernels = {id(v): np.asarray(v.value).copy() for v in kernels}
    first = session.SESSION.first_kernels
    if not any(id(v) in first for v in kernels):  # another network: of one at a time
        first.clear()
    for v in kernels:
        first.setdefault(id(v), (v, fit.kernels[id(v)]))
    fit.statistics = {id(v): np.asarray(v.value).copy() for v in anatomy.statistics(fit.model)}


def _build(fit: Fit) -> None:
    """A subclassed model has no variables before it sees data."""
    if not fit.model.built or not fit.model.weights:
        fit.model(fit.train.x[:1])


def _drop_uncomputed(fit: Fit) -> None:
    """Rows that a sampled `predict` did not compute never train and are never scored."""
    for name in ("train", "validation"):
        feed = getattr(fit, name)
        rows = session.computed_rows(feed.x) if feed is not None else None
        if rows is not None:
            setattr(fit, name, feed.take(rows))


def _shuffle(fit: Fit) -> bool | None:
    if fit.train.source is None:
        return bool(fit.arguments.get("shuffle", True))
    # in order at first, and shuffled when an epoch ends: all but the first are
    return True if fit.train.reshuffles and fit.train.is_mixed_again else None


def _describe_loss(loss: Any, y: Any, units: int) -> dict[str, Any]:
    """Its name, and whether it takes logits; of the script's own, that of the one it repeats."""
    name, takes_logits = anatomy.describe_loss(loss)
    is_own = callable(loss) and not isinstance(loss, type) and name not in KNOWN
    if is_own and isinstance(y, np.ndarray) and len(y):
        with contextlib.suppress(Exception):  # whatever a function of the script's raises
            name, takes_logits = own_losses.known_as(loss, y, units) or (name, takes_logits)
    return {"loss": name, "from_logits": takes_logits}


def _weights(fit: Fit, labels: np.ndarray) -> dict[str, Any]:
    """The share of training rows that count for nothing in the loss, and the mean by class."""
    weights = np.ones(len(labels))
    if fit.train.sample_weight is not None:
        weights *= np.asarray(fit.train.sample_weight, float).reshape(len(labels), -1).mean(axis=1)
    for value, weight in (fit.arguments.get("class_weight") or {}).items():
        weights[labels == value] *= float(weight)
    names = label_probe.counts(np.unique(labels))
    means = [float(weights[labels == value].mean()) for value in np.unique(labels)]
    return {
        "weightless": float(np.mean(weights == 0)),
        "class_weights": dict(zip(names, means, strict=True)),
    }


def _link_features(fit: Fit) -> None:
    """Trained on frozen predictions? Then the pictures are those the backbone was given."""
    ledger.RECORD.attempt("features in batches", shown.gather)
    both = sum(feed.planned for feed in (fit.train, fit.validation) if feed is not None)
    for part, feed in (("train", fit.train), ("validation", fit.validation)):
        if feed is None:
            continue
        key, seen = f"fit{fit.number}_{part}", _seen(feed, both)
        if seen is not None:
            fit.record[f"features_of_{part}"] = seen["key"]
            fit.record["base"] = fit.record["base"] or seen["base"]
            ledger.RECORD.attempt("pictures behind features", shown.link, key, feed)
        elif (batch := shown.one_of_batches(_asked(feed))) is not None:
            fit.record[f"batch_of_{part}"] = batch["key"]
            fit.record["base"] = fit.record["base"] or batch["base"]
        if seen is not None or samples.as_pictures(feed.x[:FEW]).ndim == 2:
            rows = fit.kept if part == "train" else feed.rows
            ledger.RECORD.attempt("features", shown.keep_features, key, feed.x, rows)


def _seen(feed: feeds.Feed, both: int) -> dict[str, Any] | None:
    """The prediction these rows come from: by their values, else (scaled since) by their number."""
    known = shown.prediction_of(_asked(feed))
    if known is not None:
        return known
    latest_first = session.SESSION.pictures[::-1]
    likely = (feed.planned, len(feed), both)  # alone, or split by Keras
    return next((seen for seen in latest_first if seen["n"] in likely), None)


def _asked(feed: feeds.Feed) -> list[bytes]:
    """Digests of rows from all over a feed."""
    return [feeds.digest_row(feed.x[row]) for row in samples.spread(len(feed), LINKED)]


def _keep_augmented(fit: Fit) -> None:
    """The same pictures plain and randomly changed, where anything changes them."""
    feed, arrays, key = fit.train, ledger.RECORD.arrays, f"fit{fit.number}_train"
    layers = [layer for layer in anatomy.flat_layers(fit.model)
              if anatomy.is_random(layer) and "Dropout" not in type(layer).__name__]  # fmt: skip
    if feed.x.ndim != 4:
        return
    if layers:
        rows = samples.spread(len(feed), 400)
        labels = feeds.label_indices(feed.y)[rows]
        state = frozen.Snapshot(fit.model, trainable=False)  # BatchNorm may be gone through, too
        try:
            both = in_model.changed(fit.model, layers, feed.x[rows])
        finally:
            state.restore()
        if both is None:
            return
        plain, changed = both
    elif feed.random_pixels and feed.source is not None:
        with augmentation.switched_off():
            still = feeds.read(
                feed.source, None, batch_size=None, steps=None, limit=400, model=fit.model
            )
        if still is None or still.y is None:
            return
        plain, labels = still.x, feeds.label_indices(still.y)
        known = {feeds.digest_row(row) for row in feed.x}
        read = [feeds.digest_row(row) for row in plain]
        if np.mean([digest in known for digest in read]) > 0.5:
            return  # the switch does not reach what changes them
        if len(set(read)) < 0.5 * len(read):
            return  # it stills what picks the pictures, too
        changed = feed.x[: len(plain)]
        if not np.array_equal(feeds.label_indices(feed.y)[: len(plain)], labels):
            changed = samples.paired(changed, feeds.label_indices(feed.y)[: len(plain)], labels)
    else:
        return
    if changed.shape != plain.shape:
        return
    arrays[f"{key}_plain"], arrays[f"{key}_augmented"] = plain[:64], changed[:64]
    arrays[f"{key}_plain_thumbs"] = boundary.thumbnails(plain)
    arrays[f"{key}_augmented_thumbs"] = boundary.thumbnails(changed)
    arrays[f"{key}_augmented_labels"] = labels
    if not layers and changed.shape[-1] == 3:  # thumbnails tell little of photographs
        _keep_augmented_features(fit, plain, changed)


def _note_first_weights(fit: Fit) -> None:
    """The span of what the first weights of a network of the script's own are fed."""
    x = fit.train.x
    if fit.base is not None or samples.as_pictures(x[:FEW]).ndim != 4:
        return
    layers = [layer for layer in anatomy.flat_layers(fit.model) if layer.weights]
    seen = in_model.at_first_weights(fit.model, layers, x[samples.spread(len(x), FEW)])
    first = next((layer for layer in layers if not anatomy.is_batchnorm(layer)), None)
    if seen is None or first is not layers[0] or type(first).__name__ == "Normalization":
        return  # it brings pictures to its own scale
    low, high = np.percentile(seen, (0.1, 99.9))
    fit.record["first_span"] = [float(low), float(high)]


def _keep_augmented_features(fit: Fit, plain: np.ndarray, changed: np.ndarray) -> None:
    """What the frozen part tells of both."""
    cut = session.SESSION.cuts.of(fit.model)
    if cut is None or fit.base is None:
        return
    for name, x in (("plain", plain), ("augmented", changed)):
        told = frozen.forward(cut.trunk, x)
        shown.keep_features(f"fit{fit.number}_train_{name}", told, np.arange(len(x)))


def _keep_backbone_features(fit: Fit) -> None:
    """What the pretrained network tells of some photographs, where no frozen part is run apart.

    So it is behind random layers, and where it is to be trained. Thumbnails tell little of colour
    photographs.
    """
    base = fit.base
    if base is None or base["weights"] == "none" or base.get("entry") is not None:
        return
    if session.SESSION.cuts.of(fit.model) is not None and not fit.train.is_drawn_anew:
        return
    for part, feed in (("train", fit.train), ("validation", fit.validation)):
        if feed is None or not _is_coloured(feed.x):
            return
        rows = samples.spread(len(feed), TOLD)
        seen = boundary.look(fit.model, feed.x[rows]).get("backbone")
        if seen is None:
            return
        frozen.forward(base["model"], seen[:TIMED], chunk=TIMED)  # traces
        began = time.monotonic()
        frozen.forward(base["model"], seen[:TIMED], chunk=TIMED)
        n = int(TELLING_SECONDS * TIMED / max(time.monotonic() - began, 1e-6))
        if n < len(rows) / 2:
            return
        few = samples.spread(len(rows), n)
        told = frozen.forward(base["model"], seen[few], chunk=TIMED)
        positions = fit.kept if part == "train" else feed.rows
        shown.keep_features(f"fit{fit.number}_{part}", told, positions[rows[few]])
        if part == "train" and fit.record["in_model_augmentation"]:
            _keep_varied_features(fit, rows[few], told)


def _entered(fit: Fit) -> tuple[int, int] | None:
    """Height and width of a picture as it enters a pretrained network that takes any."""
    if fit.base is None or fit.base.get("entry") is not None or fit.base["model"].input_shape[1]:
        return None
    seen = boundary.look(fit.model, fit.train.x[:1]).get("backbone")
    return None if seen is None else (seen.shape[1], seen.shape[2])


def _keep_varied_features(fit: Fit, rows: np.ndarray, plain: np.ndarray) -> None:
    """What the network tells of the same photographs once random layers have changed them."""
    state = frozen.Snapshot(fit.model, trainable=False)  # BatchNorm may be gone through, too
    try:
        varied = boundary.look(fit.model, fit.train.x[rows], training=True).get("backbone")
    finally:
        state.restore()
    if varied is None or fit.train.y is None:
        return
    key, base = f"fit{fit.number}_train", fit.base or {}
    told = frozen.forward(base["model"], varied, chunk=TIMED)
    for name, features in (("plain", plain), ("augmented", told)):
        shown.keep_features(f"{key}_{name}", features, np.arange(len(rows)))
    ledger.RECORD.arrays[f"{key}_augmented_labels"] = feeds.label_indices(fit.train.y)[rows]


def _is_coloured(x: np.ndarray) -> bool:
    """Are these pictures with three channels that differ?"""
    if x.ndim != 4 or x.shape[-1] != 3:
        return False
    few = x[samples.spread(len(x), FEW)]
    return not np.array_equal(few[..., 0], few[..., 2])


def _keep_all_labels(fit: Fit, labels: np.ndarray) -> None:
    arrays = ledger.RECORD.arrays
    arrays[f"fit{fit.number}_train_labels"] = labels
    if fit.train.y is not None:
        raw = np.asarray(fit.train.y)
        arrays[f"fit{fit.number}_raw_labels"] = raw[:2000]
    if fit.validation is not None and fit.validation.y is not None:
        arrays[f"fit{fit.number}_validation_labels"] = feeds.label_indices(fit.validation.y)


def _overlap(fit: Fit) -> None:
    """Which validation rows the training part has too, value for value, and the reverse."""
    train, validation = fit.train, fit.validation
    if validation is None or train.x.shape[1:] != validation.x.shape[1:]:
        return
    rows = samples.spread_within(validation.x, 5000)
    asked = {row: feeds.digest_row(validation.x[row]) for row in rows.tolist()}
    same = [digest in session.SESSION.trained_rows for digest in asked.values()]
    fit.duplicates = rows[np.asarray(same, bool)]
    fit.record["exact_overlap"] = float(np.mean(same))
    known = set(asked.values())
    looked = samples.spread_within(train.x, 20_000).tolist()
    leaking = [row for row in looked if feeds.digest_row(train.x[row]) in known]
    ledger.RECORD.arrays[f"fit{fit.number}_leaking_rows"] = np.array(leaking, int)


def _start(fit: Fit) -> None:
    """Loss and accuracy on a few rows in inference mode."""
    feed = fit.train
    rows = samples.spread_eagerly(feed.x, 64)
    try:
        outputs = fit.model(feed.x[rows], training=False)
        loss = fit.model.compute_loss(x=None, y=feed.labels[rows], y_pred=outputs)
        fit.record["first_loss"] = float(np.mean(loss))
        labels = feeds.label_indices(feed.y)[rows]
        fit.record["starts_at"] = answering.right_answers(fit.model, np.asarray(outputs), labels)
    except Exception:  # noqa: BLE001 - a custom loss may want more than this
        return

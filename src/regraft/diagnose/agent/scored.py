"""`Model.evaluate`, `Model.predict`, and every accuracy measured in inference mode."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    ancestry,
    answering,
    augmentation,
    boundary,
    claims,
    feeds,
    frozen,
    interventions,
    ledger,
    preparing,
    resplitting,
    samples,
    scoring,
    session,
    shown,
    sites,
    turning,
)
from regraft.diagnose.probe.accuracy import on_others

SCORED = 1000  # rows scored at most
LEAST_PREDICTED = 128
MOST_PREDICTED = 20_000  # rows of a data set that are kept, to choose from by the time they take
ASKED_ALONE = 24  # pictures predicted one by one that are looked at together
# Times of a training that one `predict` may take: what a frozen network answers is kept for the
# other replays, so that it is paid once, or twice where pixels are repaired.
PREDICTION = 2.5


class SeveralOutputs(Exception):
    """A model answered with more than one array. Carries what it answered."""

    def __init__(self, outputs: Any) -> None:
        super().__init__("expected one array of outputs; received several")
        self.outputs = outputs


def score(
    model: Any, feed: feeds.Feed, *, by: str, site: Any, claimed: float | None,
    fit: int | None = None, duplicates: np.ndarray | None = None,
) -> dict[str, Any] | None:  # fmt: skip
    """Measure accuracy on labelled rows in inference mode, and note it as a score.

    Returns:
        The score; None where nothing could be measured: a claimed number is noted all the same.
    """
    labels = feeds.label_indices(feed.y)
    rows = np.arange(len(feed))
    if len(feed) > SCORED:
        rows = feeds.stratified(labels, SCORED, session.SESSION.seed)
    outputs = _outputs(model, feed, rows)
    if outputs is None:
        if claimed is not None:
            ledger.RECORD.scores.append({"by": by, "site": site, "claimed": claimed,
                                         "honest": None, "n": len(rows), "fit": fit})  # fmt: skip
        return None
    labels = labels[rows]
    if answering.is_measuring(model, labels, outputs):
        return None
    classes = answering.answers_of(model, outputs, labels)
    entry = {"by": by, "site": site, "claimed": claimed,
             "honest": answering.right_answers(model, outputs, labels), "n": len(rows),
             "fit": fit}  # fmt: skip
    ledger.RECORD.scores.append(entry)
    _describe(entry, model, feed.x, classes, labels)
    clean = None
    if duplicates is not None:
        clean = ~np.isin(feed.rows[rows], feed.rows[duplicates] if feed.complete else duplicates)
    _compare_with_training(entry, feed.x[rows], classes, labels, clean)
    return entry


def _outputs(model: Any, feed: feeds.Feed, rows: np.ndarray) -> np.ndarray | None:
    """What a model answers; None where no answer has an accuracy that we know of."""
    if not answering.have_one_class(feed.y):
        return None
    try:
        return infer(model, feed.x[rows])
    except SeveralOutputs:  # which of them are the classes nobody knows
        return None
    except Exception as error:  # noqa: BLE001 - the script may never ask for what we ask for
        ledger.RECORD.failed("a score", error)
        return None


def _describe(
    entry: dict[str, Any], model: Any, x: np.ndarray, classes: np.ndarray, labels: np.ndarray
) -> None:
    """Note the model and the size of the latest score, and keep what it was computed from."""
    scoring.keep(entry, classes, labels)
    entry |= {"model": model.name, "n_fits": len(ledger.RECORD.fits),
              "n_loads": session.SESSION.loads,
              "is_trained": _is_trained(model),
              "input_size": int(x.shape[1]) if samples.are_pictures(x) else 0}  # fmt: skip


def _compare_with_training(
    entry: dict[str, Any],
    x: np.ndarray,
    classes: np.ndarray,
    labels: np.ndarray,
    clean: np.ndarray | None = None,
) -> None:
    """How many rows training had, and the accuracy on the others.

    Args:
        entry: The score.
        x: Rows that are scored.
        classes: What they were answered.
        labels: What they are.
        clean: Which of them training did not have, where that is known better.
    """
    # none where nobody kept account of them
    seen, earlier = feeds.among(x, session.SESSION.trained_rows, session.SESSION.earlier_rows)
    # of a large training part not every row is remembered
    remembered = session.SESSION.share_remembered
    entry["trained_on"] = min(1.0, float(np.mean(seen)) / remembered)
    entry["trained_on_earlier"] = float(np.mean(earlier & ~seen))
    if clean is None:
        clean = ~seen
        if seen.any():
            entry["exact_overlap"] = float(np.mean(seen))
    if clean.any() and not clean.all():
        entry["without_duplicates"] = on_others(classes == labels, labels, clean)
        entry["n_without_duplicates"] = int(clean.sum())


def _complete(
    model: Any, entry: dict[str, Any], x: np.ndarray, classes: np.ndarray, labels: np.ndarray
) -> None:
    """Give a score that the script computed from a prediction what `evaluate` gives its own."""
    feed = feeds.Feed(x=x, y=labels, planned=len(x))
    preparing.relabel(feed, part="validation")
    if not np.array_equal(feed.labels, labels):
        entry |= {"honest": float(np.mean(classes == feed.labels)), "is_relabelled": True}
    held_out = resplitting.scored(model, feed)
    if held_out is not feed:
        feed, x, labels = held_out, held_out.x, feeds.label_indices(held_out.y)
        classes = answering.answers_of(model, infer(model, x), labels)
        entry |= {"honest": float(np.mean(classes == labels)), "is_of_another_split": True}
    _describe(entry, model, x, classes, labels)
    rows = samples.spread(len(x), SCORED)
    _compare_with_training(entry, x[rows], classes[rows], labels[rows])
    if session.SESSION.is_probed:
        _probe(entry, model, feed)


def _probe(entry: dict[str, Any], model: Any, feed: feeds.Feed) -> None:
    """What rules ask of pictures that are scored: samples, and whether turned ones fit better."""
    shown.keep(f"score{entry['number']}", feed, samples.spread(len(feed), samples.ROWS))
    shown.show(f"score{entry['number']}", model, feed)
    if feed.x.ndim == 2:
        shown.link(f"score{entry['number']}", feed)
        shown.keep_features(f"score{entry['number']}", feed.x, np.arange(len(feed)))
    fits = [fit for fit in ledger.RECORD.fits if fit.get("model") == model.name]
    if fits and not fits[-1].get("by_transform"):  # else it was asked of `fit`'s own
        turn(entry, model, feed, fits[-1].get("train_accuracy"))


def turn(
    record: dict[str, Any], model: Any, feed: feeds.Feed, train_accuracy: float | None
) -> None:
    """Note how accuracy changes with turned pictures, in the record of a training or a score."""
    if train_accuracy is None:
        return
    found = turning.by_transform(
        feed,
        lambda x, labels: answering.right_answers(model, infer(model, x), labels),
        train_accuracy=train_accuracy,
    )
    if found:
        record["by_transform"] = found


def _is_trained(model: Any) -> bool:
    """Does it hold weights that a `fit` made, its own or those of another model?"""
    if not session.SESSION.learnt:
        return True  # without any `fit` nobody kept account of it
    if session.SESSION.has_fitted(model) and id(model) not in session.SESSION.reloaded:
        return True
    kernels = anatomy.digests(model)
    return not kernels or any(digest in session.SESSION.learnt for digest in kernels)


def infer(model: Any, x: np.ndarray) -> np.ndarray:
    """Inference-mode outputs, through the kept frozen part where there is one."""
    cut = session.SESSION.cuts.of(model)
    if cut is not None:
        return frozen.forward(
            cut.rest, session.SESSION.store.outputs(cut.trunk, x, boundary.signature())
        )
    if _is_plain(model):
        return frozen.forward(model, x)
    outputs = session.SESSION.original["predict"](model, x, batch_size=32, verbose=0)
    if not isinstance(outputs, np.ndarray):
        raise SeveralOutputs(outputs)
    if outputs.ndim == 1 and outputs.dtype.kind in "iu":  # a `predict_step` that answers in classes
        return frozen.forward(model, x)
    return outputs


def _is_plain(model: Any) -> bool:
    """Does its `predict` do nothing but call a graph with one output?"""
    import keras

    own = type(model)
    kept = own.predict_step is keras.Model.predict_step and own.predict is keras.Model.predict
    return kept and len(getattr(model, "outputs", None) or ()) == 1


def evaluate(model: Any, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
    """`Model.evaluate`: on a sample where it is long, and measured a second time by us."""
    site = sites.here()
    with session.inside():
        with augmentation.wanted_off("validation"):
            feed = feeds.read(x, y, batch_size=kwargs.get("batch_size"), steps=kwargs.get("steps"),
                              sample_weight=kwargs.get("sample_weight"), model=model)  # fmt: skip
        if feed is None or feed.y is None:
            return session.SESSION.original["evaluate"](model, x, y, **kwargs)
        feeds.end_epoch(x)
        boundary.convert_feed(feed, part="validation")
        preparing.relabel(feed, part="validation")
        feed = _without_uncomputed(feed)
        boundary.fit_size(feed, model)
        feed = resplitting.scored(model, feed)
        if len(feed) > SCORED:
            feed = feed.take(
                feeds.stratified(feeds.label_indices(feed.y), SCORED, session.SESSION.seed)
            )
        result = session.SESSION.original["evaluate"](
            model, feed.x, feed.y, batch_size=feed.batch_size or 32, verbose=0,
            sample_weight=feed.sample_weight, return_dict=kwargs.get("return_dict", False),
            callbacks=kwargs.get("callbacks"),
        )  # fmt: skip
        claimed = claims.accuracy_in(model, result)
        entry = score(model, feed, by="evaluate", site=site, claimed=claimed)
        if entry is not None and _is_weighted(model, feed):
            _weigh(entry, feed)
        trained = session.SESSION.trained_sources
        if entry is not None and any(ancestry.have_same_rows(x, one) for one in trained):
            entry["trained_on"] = 1.0  # varied at random, no picture of it comes twice
        if session.SESSION.is_probed and entry is not None:
            entry["numbers"] = claims.named(model, result)
            entry["is_random"] = feed.random_pixels
            _probe(entry, model, feed)
    ledger.RECORD.event("evaluate", site)
    return result


def _is_weighted(model: Any, feed: feeds.Feed) -> bool:
    """Do rows count differently in the metrics, not only in the loss?"""
    metrics = getattr(getattr(model, "_compile_metrics", None), "_user_weighted_metrics", None)
    return feed.sample_weight is not None and bool(metrics)


def _weigh(entry: dict[str, Any], feed: feeds.Feed) -> None:
    """Measure a score as the script weighs it."""
    arrays, name = ledger.RECORD.arrays, f"score{entry['number']}"
    right = arrays[f"{name}_classes"] == arrays[f"{name}_labels"]
    weights = np.asarray(feed.sample_weight, np.float64).reshape(-1)
    if len(weights) == len(right) and weights.sum() > 0:
        entry["honest"] = float(np.average(right, weights=weights))


def predict(model: Any, x: Any, **kwargs: Any) -> Any:
    """`Model.predict`: on a sample of rows where all would take too long (others become NaN)."""
    site = sites.here()
    with session.inside():
        feed = _asked(model, x, batch_size=kwargs.get("batch_size"), steps=kwargs.get("steps"))
        if feed is None:
            return session.SESSION.original["predict"](model, x, **kwargs)
        feeds.end_epoch(x)
        trained = id(model) in session.SESSION.compiled
        boundary.convert_feed(feed, part="prediction" if trained else "features")
        boundary.fit_size(feed, model)
        try:
            outputs, rows = _timed_predict(model, feed)
        except SeveralOutputs as several:
            return several.outputs
        labels = None
        if feed.y is not None:
            given = feeds.label_indices(feed.y)
            labels = _placed(given, feed.rows, feed.planned, fill=0)
        asked = feed.x if len(rows) == len(feed) else feed.x[np.isin(feed.rows, rows)]
        scoring.predicted(
            outputs, labels, rows, by=id(model),
            asked=asked if trained else None, complete=_completion(model),
        )  # fmt: skip
        ledger.RECORD.event("predict", site, trained=trained)
        if not trained:
            shown.remember(model, feed, outputs)
        elif feed.x.ndim == 4:
            _show_predicted(model, feed)
    return outputs


def _asked(model: Any, x: Any, *, batch_size: int | None, steps: int | None) -> feeds.Feed | None:
    """The rows to predict; None where Keras must read them: it alone can, or none may be missing.

    Of a data set that is too large to hold, rows from all over it are here; its length is known.
    """
    if len(getattr(model, "outputs", None) or ()) > 1:
        return None
    may_leave_out = _is_plain(model) and not session.SESSION.settings.get("predicts_whole")
    is_read_once = isinstance(x, Iterator) and not hasattr(x, "__getitem__")
    if is_read_once and not may_leave_out:
        return None  # what was read here would be gone
    feed = feeds.read(
        x,
        None,
        batch_size=batch_size,
        steps=steps,
        limit=MOST_PREDICTED,
        to_the_end=True,
        model=model,
    )
    return feed if feed is not None and (feed.complete or may_leave_out) else None


def _show_predicted(model: Any, feed: feeds.Feed) -> None:
    """Keep what a trained model is asked; pictures that come one by one are put together."""
    if len(feed) == 1:
        alone = session.SESSION.asked_alone
        if alone and alone[0].shape != feed.x.shape:
            alone.clear()
        alone.append(feed.x)
        if len(alone) != ASKED_ALONE:
            return
        feed = feeds.Feed(x=np.concatenate(alone), y=None, planned=len(alone))
    shown.keep("predicted", feed, samples.spread(len(feed), 64))
    shown.show("predicted", model, feed)


def predict_on_batch(model: Any, x: Any) -> Any:
    """`Model.predict_on_batch`: remembered, for loops that compare it with labels afterwards."""
    with session.inside():
        x = repaired(model, x)
        outputs = session.SESSION.original["predict_on_batch"](model, x)
    remember(model, outputs, x)
    return outputs


def repaired(model: Any, x: Any) -> Any:
    """One batch that a trained model is asked, with the repairs of pixels that belong there."""
    if not interventions.ACTIVE or not session.SESSION.has_fitted(model):
        return x
    if not isinstance(x, np.ndarray) and not hasattr(x, "numpy"):
        return x
    feed = feeds.Feed(x=np.asarray(x), y=None, planned=len(x))
    before = feed.x
    boundary.convert_feed(feed, part="prediction")
    return x if feed.x is before else feed.x


def _completion(model: Any) -> scoring.Complete:
    """Completes scores of one prediction; reports and tables of the same answers share one."""
    known: dict[str, Any] = {}

    def complete(
        entry: dict[str, Any], x: np.ndarray, classes: np.ndarray, labels: np.ndarray
    ) -> None:
        first = ledger.RECORD.arrays.get(f"score{known.get('number')}_labels")
        if first is not None and np.array_equal(first, labels):
            entry |= {name: value for name, value in known.items() if name not in entry}
            return
        with session.inside():
            ledger.RECORD.attempt("a score by predict", _complete, model, entry, x, classes, labels)
        known.update(entry)

    return complete


def remember(model: Any, outputs: Any, x: Any = None) -> None:
    """Keep what a trained model answered for one batch."""
    if not session.SESSION.has_fitted(model):
        if id(model) not in session.SESSION.compiled:
            ledger.RECORD.attempt("features in batches", shown.collect, model, x, outputs)
        return
    values = np.asarray(outputs)
    if values.ndim in (1, 2) and len(values):
        asked = np.asarray(x) if hasattr(x, "shape") and len(x) == len(values) else None
        scoring.predicted(
            values, None, np.arange(len(values)), by=id(model),
            asked=asked, complete=_completion(model), is_batch=True,
        )  # fmt: skip


def _timed_predict(model: Any, feed: feeds.Feed) -> tuple[np.ndarray, np.ndarray]:
    """A row for each that was asked for, NaN where it was not computed; and which were."""
    if len(feed) <= 3 * frozen.CHUNK or not _is_plain(model):
        rows = np.arange(len(feed))
        some = infer(model, feed.x)
    else:
        rows = _rows_in_time(model, feed)
        x = feed.x if len(rows) == len(feed) else feed.x[rows]
        some = session.SESSION.store.outputs(model, x, boundary.signature())
    if len(rows) == feed.planned:
        return some, rows
    session.SESSION.is_partial = True
    ledger.RECORD.facts.setdefault("predicted", {})[str(feed.planned)] = len(rows)
    rows = feed.rows[rows]
    return _placed(some, rows, feed.planned, fill=np.nan), rows


def _rows_in_time(model: Any, feed: feeds.Feed) -> np.ndarray:
    """Which rows to compute: all that are here, or as many as fit the time of a `predict`."""
    n, first = len(feed), frozen.CHUNK
    frozen.forward(model, feed.x[:first])  # traces
    started = time.monotonic()
    frozen.forward(model, feed.x[:first])
    each = (time.monotonic() - started) / first
    allowed = session.SESSION.fit_seconds * PREDICTION
    known = (session.SESSION.settings.get("predicted") or {}).get(str(feed.planned))
    whole = session.SESSION.settings.get("predicts_whole") or not session.SESSION.may_sample
    if known is None and (each * n <= allowed or whole):
        return np.arange(n)
    keep = min(known or max(LEAST_PREDICTED, int(allowed / each)), n)
    # one choice a length, whatever the seed of the run: every replay computes the same rows
    return np.sort(np.random.default_rng(n).choice(n, keep, replace=False))


def _placed(values: np.ndarray, rows: np.ndarray, n: int, *, fill: float) -> np.ndarray:
    """The values at these of n rows."""
    placed = np.full((n, *values.shape[1:]), fill, values.dtype)
    placed[rows] = values
    return placed


def _without_uncomputed(feed: feeds.Feed) -> feeds.Feed:
    """The feed without the rows that a `predict` left out."""
    fine = session.computed_rows(feed.x)
    return feed if fine is None else feed.take(fine)

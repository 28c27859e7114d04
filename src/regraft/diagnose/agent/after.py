"""What is known of a training once it is over."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    answering,
    callbacks,
    claims,
    feeds,
    frozen,
    ledger,
    samples,
    scored,
    session,
    streams,
)
from regraft.diagnose.agent.training import Fit

MOST_PASSES = 10  # over validation pictures that each pass changes: by then little is left of them
DOUBTED = 0.05  # between the accuracy of the last epoch and ours
ASKED_AGAIN = 400  # rows
MIXED_BATCH = 32  # rows of a batch whose neighbours are exchanged


def measure_after(fit: Fit, history: Any) -> None:
    """What changed, what it learnt, and its score; the record goes to disk."""
    model = fit.model
    losses = [float(v) for v in history.history.get("loss", [])]
    fit.record |= {
        "losses": losses,
        "numbers": claims.numbers({name: v[-1] for name, v in history.history.items() if v}),
        "earlier_accuracies": _earlier(history.history),
        "n_train_used": len(fit.train),
        "rows": {
            "train": len(fit.train),
            "validation": len(fit.validation) if fit.validation else 0,
        },
        "sampled": len(fit.train) < fit.train.planned,
        "accuracy_metric": anatomy.accuracy_metric(fit.trained),
        "input_size": int(fit.train.x.shape[1]) if samples.are_pictures(fit.train.x) else 0,
    }
    own = samples.flat(fit.arguments.get("callbacks"))
    for described, callback in zip(fit.record["callbacks"], own, strict=True):
        described |= callbacks.stopped_at(callback, history)
    session.SESSION.learnt |= set(anatomy.digests(model))
    session.SESSION.reloaded.discard(id(model))
    claimed = fit.record["claimed"] = claims.claimed(history)
    if session.SESSION.is_probed:
        _probe(fit)
    if fit.validation is not None and fit.validation.y is not None:
        is_changed = _read_on(fit)
        score = scored.score(model, fit.validation, by="fit", site=fit.site, claimed=claimed,
                             fit=fit.number, duplicates=fit.duplicates)  # fmt: skip
        if is_changed and score is not None:  # Keras was given what the first pass had found
            score["claimed"] = score["honest"]
        if score is not None and claimed is not None and session.SESSION.is_probed:
            ledger.RECORD.attempt("what the metrics say again", _ask_again, fit, score, claimed)
    ledger.RECORD.fits.append(fit.record)
    ledger.RECORD.write(status="running")


def _earlier(history: dict[str, list[Any]]) -> dict[str, list[float]]:
    """Accuracies of all epochs but the last, by name: the best of them may be told."""
    return {
        name: [float(value) for value in values[:-1] if isinstance(value, int | float | np.number)]
        for name, values in history.items()
        if "acc" in name
    }


def _ask_again(fit: Fit, score: dict[str, Any], claimed: float) -> None:
    """What the script's metrics say of the weights that we measure, on the same rows.

    Those of the last epoch may have been others: callbacks restore the best ones.
    """
    if fit.validation is None or abs(claimed - score["honest"]) <= DOUBTED:
        return
    feed = fit.validation.take(samples.spread(len(fit.validation), ASKED_AGAIN))
    result = session.SESSION.original["evaluate"](
        fit.model, feed.x, feed.y, batch_size=fit.batch_size, verbose=0
    )
    said = claims.accuracy_in(fit.model, result)
    if said is not None:
        labels = feeds.label_indices(feed.y)
        right = answering.right_answers(fit.model, scored.infer(fit.model, feed.x), labels)
        score["again"] = {"claimed": said, "honest": right, "n": len(feed)}


def _read_on(fit: Fit) -> bool:
    """Take validation pictures as the last epoch finds them, where every pass changes them."""
    feed = fit.validation
    if feed is None or not feed.drifts or feed.source is None:
        return False
    for _ in range(min(fit.epochs, MOST_PASSES) - 1):
        stream = streams.read(feed.source, steps=None, most_rows=feeds.MOST_ROWS, to_the_end=False)
        taken = stream.taken() if stream is not None else None
        if stream is None or taken is None:
            return False
        same = np.isin(np.concatenate(stream.positions), feed.rows)
        if same.sum() != len(feed):
            return False
        feed.x = taken[0][same]
    return True


def _probe(fit: Fit) -> None:
    """What only rules ask for: what moved, what was learnt, whether turned pictures fit better."""
    ledger.RECORD.attempt("weights after", _changes, fit)
    ledger.RECORD.attempt("training accuracy", _learnt, fit)
    if fit.validation is not None and fit.validation.y is not None:
        ledger.RECORD.attempt(
            "turned pictures", scored.turn,
            fit.record, fit.model, fit.validation, fit.record.get("train_accuracy"),
        )  # fmt: skip
        ledger.RECORD.attempt("other batches", _mixed, fit, fit.validation)


def _learnt(fit: Fit) -> None:
    """The accuracy on training rows, as it predicts and as it trains."""
    model, feed = fit.model, fit.train
    rows = samples.spread(len(feed), 400)
    try:
        outputs = scored.infer(model, feed.x[rows])
    except scored.SeveralOutputs:  # which of them are the classes nobody knows
        return
    labels = feeds.label_indices(feed.y)[rows]
    fit.record["train_accuracy"] = answering.right_answers(model, outputs, labels)
    few = samples.spread_eagerly(feed.x, 128)
    fit.record["train_accuracy_in_training_mode"] = _in_training_mode(
        fit, few, feeds.label_indices(feed.y)[few]
    )


def _mixed(fit: Fit, feed: feeds.Feed) -> None:
    """Do answers change with what else is in the batch? In inference they never should."""
    if not anatomy.statistics(fit.model) or len(feed) < 2 * MIXED_BATCH:
        return
    rows = samples.spread(len(feed), 4 * MIXED_BATCH)
    labels = feeds.label_indices(feed.y)[rows]
    by_class = np.argsort(labels, kind="stable")
    mixed = np.random.default_rng(0).permutation(len(rows))
    state = frozen.Snapshot(fit.model, trainable=False)  # statistics move where the fault is
    answers = []
    try:
        for order in (by_class, by_class, mixed):
            x = feed.x[rows[order]]
            parts = [
                np.asarray(fit.model(x[start : start + MIXED_BATCH], training=False))
                for start in range(0, len(x), MIXED_BATCH)
            ]
            found = np.zeros(len(rows), int)
            outputs = np.concatenate(parts)
            found[order] = answering.answers_of(fit.model, outputs, labels[order])
            answers.append(found)
    finally:
        state.restore()
    if np.array_equal(answers[0], answers[1]):  # else something random is at work
        fit.record["changed_by_batch"] = float(np.mean(answers[0] != answers[2]))


def _changes(fit: Fit) -> None:
    base = fit.base["ids"] if fit.base else set()
    inside = {
        id(w) for layer in anatomy.flat_layers(fit.model) if id(layer) in base
        for w in layer.weights
    }  # fmt: skip
    moved, size, unchanged = 0.0, 0.0, 0
    for variable in fit.model.trainable_variables:
        old = fit.kernels.get(id(variable))
        if old is None:
            continue
        new = np.asarray(variable.value)
        unchanged += bool(np.array_equal(old, new))
        if id(variable) in inside:
            _, first = session.SESSION.first_kernels[id(variable)]
            moved += float(np.square(new - first, dtype=np.float64).sum())
            size += float(np.square(first, dtype=np.float64).sum())
    drift = [
        float(np.abs(np.asarray(v.value) - fit.statistics[id(v)]).mean()
              / (np.abs(fit.statistics[id(v)]).mean() + 1e-6))
        for v in anatomy.statistics(fit.model) if id(v) in inside
    ]  # fmt: skip
    fit.record["weight_change"] = float(np.sqrt(moved / size)) if size else 0.0
    fit.record["statistics_change"] = float(np.mean(drift)) if drift else 0.0
    fit.record["unchanged_trainable"] = unchanged


def _in_training_mode(fit: Fit, rows: np.ndarray, labels: np.ndarray) -> float | None:
    """Accuracy with batch statistics and dropout as in training; the state is put back."""
    state = frozen.Snapshot(fit.model, trainable=False)
    try:
        outputs = np.asarray(fit.model(fit.train.x[rows], training=True))
    except Exception:  # noqa: BLE001 - some subclassed models take no `training`
        return None
    finally:
        state.restore()
    return answering.right_answers(fit.model, outputs, labels)

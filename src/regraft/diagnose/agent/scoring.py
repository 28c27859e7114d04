"""Every number the script computes about its own predictions, beside the one that holds."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from regraft.diagnose.agent import anatomy, feeds, ledger, samples, session

MOST_REMEMBERED = 2000  # predictions: a loop over batches makes many
HALF = 0.5
LEAST_COUNTED = 20  # pictures: fewer are a look at some examples, not a score
_PREDICTIONS: list[dict[str, Any]] = []
_TALLIES: dict[tuple[str, int], dict[str, Any]] = {}  # of answers counted one by one, by line
_awaited = False  # was one picture predicted, and not compared yet?


def accuracy(outputs: np.ndarray, labels: np.ndarray, limit: float = HALF) -> float:
    """Share of rows whose predicted class is the label."""
    return float(np.mean(classes_of(outputs, limit) == labels)) if len(labels) else float("nan")


def classes_of(outputs: np.ndarray, limit: float = HALF) -> np.ndarray:
    """Predicted class of each row; a single output above the limit says class 1."""
    outputs = np.asarray(outputs)
    if outputs.ndim == 1 or outputs.shape[-1] == 1:
        return np.asarray(outputs.reshape(len(outputs)) > limit, np.int64)
    return np.asarray(outputs.reshape(len(outputs), -1).argmax(axis=1))


def limit_of(model: Any) -> float:
    """The limit between two classes: of the script's own metric; for logits without one, 0."""
    arguments = session.SESSION.compiled.get(id(model), {}).get("arguments", {})
    for metric in samples.flat(arguments.get("metrics")):
        if isinstance(metric, str) and "acc" in metric:
            return HALF
        limit = getattr(metric, "threshold", None)
        if isinstance(limit, int | float):
            return float(limit)
    return 0.0 if anatomy.describe_loss(arguments.get("loss"))[1] else HALF


def predicted(outputs: np.ndarray, labels: np.ndarray | None, computed: np.ndarray) -> None:
    """Remember a `predict`: its classes, the labels of the same rows, which rows were computed."""
    global _awaited
    _awaited = len(outputs) == 1
    is_row_of_outputs = np.ndim(outputs) == 2 and np.shape(outputs)[1] > 1
    _PREDICTIONS.append({
        "classes": classes_of(outputs), "labels": labels, "computed": computed,
        "of_logits": classes_of(outputs, 0.0),
        "decisions": np.asarray(outputs) > 0.5 if is_row_of_outputs else None,
    })  # fmt: skip
    del _PREDICTIONS[:-MOST_REMEMBERED]


def awaits_comparison() -> bool:
    """Was one picture predicted just now, so that the next comparison may be about it?"""
    return _awaited


def counted(is_right: bool, site: dict[str, Any] | None) -> None:
    """One answer was compared by itself: many at one line are a score that is counted by hand."""
    global _awaited
    if site is None:
        return
    _awaited = False
    tally = _TALLIES.setdefault((site["file"], site["line"]), {"right": 0, "n": 0, "score": None})
    tally["right"] += is_right
    tally["n"] += 1
    if tally["n"] == LEAST_COUNTED:
        tally["score"] = {"by": "predict", "site": site, "honest": None, "is_counted": True}
        ledger.RECORD.scores.append(tally["score"])
    if tally["score"] is not None:
        tally["score"] |= {"n": tally["n"], "claimed": tally["right"] / tally["n"]}


def answered(classes: np.ndarray) -> None:
    """Remember what an estimator that is no network answered, one class a row."""
    _PREDICTIONS.append({"classes": classes, "labels": None, "decisions": None,
                         "computed": np.arange(len(classes))})  # fmt: skip
    del _PREDICTIONS[:-MOST_REMEMBERED]


def compared(left: Any, right: Any, site: dict[str, Any] | None, by: str = "predict") -> bool:
    """Two vectors were compared: if one is a remembered prediction, that was a score."""
    if site is None:
        return True
    for one, other in ((left, right), (right, left)):
        match = _remembered(one) if np.ndim(other) else None  # one class is no label a row
        if match is None:
            continue
        labels = feeds.label_indices(np.asarray(other))
        n = min(len(labels), len(match["classes"]))
        rows = match["computed"][match["computed"] < n]
        classes = match["classes"]
        honest = match["labels"]
        ledger.RECORD.scores.append({
            "by": by, "site": site, "n": len(rows),
            "claimed": float(np.mean(classes[rows] == labels[rows])) if len(rows) else None,
            "honest": None if honest is None else float(np.mean(classes[rows] == honest[rows])),
            "n_predictions": len(classes), "n_labels": len(labels),
        })  # fmt: skip
        return True
    return False


def compared_by_output(
    left: Any, right: Any, site: dict[str, Any] | None, by: str = "predict"
) -> bool:
    """Rows of yes and no, one an output, were compared with one-hot labels, output by output."""
    given, wanted = np.asarray(left), np.asarray(right)
    if site is None or given.ndim != 2 or given.shape != wanted.shape:
        return False
    for decided, truth in ((given, wanted), (wanted, given)):
        entry = _decided(decided)
        if entry is not None:
            rows = entry["computed"]
            ledger.RECORD.scores.append({
                "by": by, "site": site, "n": len(rows),
                "claimed": float(np.mean(decided[rows] == truth[rows])),
                "honest": float(np.mean(entry["classes"][rows] == truth[rows].argmax(axis=1))),
                "n_predictions": len(decided), "n_labels": len(truth),
            })  # fmt: skip
            return True
    return False


def _decided(values: np.ndarray) -> dict[str, Any] | None:
    """The remembered prediction of which these are the outputs above one half."""
    entry: dict[str, Any]
    for entry in reversed(_PREDICTIONS):
        decisions, rows = entry["decisions"], entry["computed"]
        is_like = decisions is not None and decisions.shape == values.shape
        if is_like and np.array_equal(values[rows], decisions[rows]):
            return entry
    return None


def _remembered(values: Any) -> dict[str, Any] | None:
    array = np.asarray(values)
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1 or array.dtype.kind not in "iubfUO":
        return None
    numbers = array.astype(np.int64) if array.dtype.kind in "iubf" else array
    entry: dict[str, Any]
    for entry in reversed(_PREDICTIONS):
        classes: np.ndarray = entry["classes"]
        rows: np.ndarray = entry["computed"]
        if len(array) <= len(classes) and len(array) > 1:
            rows = rows[rows < len(array)]
            if np.array_equal(numbers[rows], classes[rows]):
                return entry
            as_logits = entry.get("of_logits")
            if as_logits is not None and np.array_equal(numbers[rows], as_logits[rows]):
                return {**entry, "classes": as_logits}
    return _in_batches(numbers)


def _in_batches(array: np.ndarray) -> dict[str, Any] | None:
    """The latest predictions one after the other, if that is what the values are."""
    parts: list[dict[str, Any]] = []
    for entry in reversed(_PREDICTIONS):
        is_whole = len(entry["computed"]) == len(entry["classes"])
        if sum(len(part["classes"]) for part in parts) >= len(array) or not is_whole:
            break
        parts.insert(0, entry)
    if len(parts) < 2 or sum(len(part["classes"]) for part in parts) != len(array):
        return None
    classes = np.concatenate([part["classes"] for part in parts])
    if not np.array_equal(array, classes):
        return None
    labels = [part["labels"] for part in parts]
    known = None if any(part is None for part in labels) else np.concatenate(labels)
    return {"classes": classes, "labels": known, "computed": np.arange(len(classes))}


def claimed(history: Any) -> float | None:
    """The validation accuracy of the last epoch, as Keras reports it."""
    scored = {k.removeprefix("val_"): v for k, v in history.history.items() if k.startswith("val_")}
    name = _called_accuracy([name for name, values in scored.items() if values])
    return None if name is None else float(scored[name][-1])


def _called_accuracy(names: Iterable[str]) -> str | None:
    """The metric that people read as the accuracy: one of that name before its relatives."""
    known = [name for name in names if "acc" in name]
    rank = {"accuracy": 0, "acc": 0, "categorical_accuracy": 1, "sparse_categorical_accuracy": 1,
            "binary_accuracy": 1}  # fmt: skip
    return min(known, key=lambda name: rank.get(name, 3 if "top" in name else 2), default=None)


def accuracy_in(model: Any, result: Any) -> float | None:
    """The accuracy among what `evaluate` returned."""
    if isinstance(result, dict):
        called = _called_accuracy(result)
        return None if called is None else float(result[called])
    names = ["loss", *[m.name for m in anatomy.walk_metrics(model) if m.name != "loss"]]
    values = np.atleast_1d(np.asarray(result, float))
    shown = dict(zip(names, values.tolist(), strict=False))
    called = _called_accuracy(shown)
    return None if called is None else float(shown[called])

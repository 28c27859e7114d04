"""Hooks on scikit-learn."""

import functools
import inspect
import sys
from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    feeds,
    interventions,
    ledger,
    preparing,
    samples,
    scoring,
    session,
    shown,
    sites,
)
from regraft.diagnose.agent.hooks import attach

#: What keeps all pictures of a patient, scene or video on one side.
BY_GROUP = ("GroupShuffleSplit", "GroupKFold", "StratifiedGroupKFold", "LeaveOneGroupOut",
            "LeavePGroupsOut")  # fmt: skip
METRICS = ("accuracy_score", "balanced_accuracy_score", "f1_score", "hamming_loss",
           "confusion_matrix", "classification_report")  # fmt: skip
PROBED = 600  # rows of features that are kept
MOST_FITTED = 20  # estimators whose rows are kept
LOOKED_UP = 500  # rows that may be among those fitted to
_FITTED: dict[int, tuple[Any, Any, Any]] = {}  # estimators the script fits, with rows and labels
_FITS: Counter[int] = Counter()  # of each estimator, by its id
_SCORED: list[Any] = []  # the estimator that is scoring itself
_COMPARED: list[bool] = []  # are estimators fitted and scored for scikit-learn to compare?


def hook() -> None:
    """Scores and splits by scikit-learn, whenever it is imported."""
    attach.after_import("sklearn.metrics._classification", _hook_metrics)
    attach.after_import("sklearn.model_selection._split", _hook_split)
    attach.after_import("sklearn.model_selection._validation", _hook_validation)
    attach.after_import("sklearn.model_selection._search", _hook_search)
    attach.after_import("sklearn.base", _hook_estimators)
    attach.after_import("sklearn.utils._indexing", _hook_shuffle)


def _hook_metrics(module: ModuleType) -> None:
    for name in METRICS:
        original = getattr(module, name)

        def metric(
            y_true: Any, y_pred: Any, *args: Any, _original: Any = original, **kw: Any
        ) -> Any:
            site, n = sites.here(), np.shape(y_true)[0]
            by_output = _original.__name__ == "hamming_loss"
            compared = scoring.compared_by_output if by_output else scoring.compared
            known = compared(y_pred, y_true, site, by="sklearn")
            keep = None if known else scoring.computed_of(_n_rows(y_true, y_pred))
            if keep is not None:  # made of what was left out, too
                y_true, y_pred = np.asarray(y_true)[keep], np.asarray(y_pred)[keep]
                if kw.get("sample_weight") is not None:
                    kw["sample_weight"] = np.asarray(kw["sample_weight"])[keep]
            result = _original(y_true, y_pred, *args, **kw)
            if not known and _original.__name__ == "accuracy_score" and 0 <= result <= 1:
                # of an estimator's own predictions, of one class that everything is called, or of
                # a part of what was compared
                is_aside = len(np.unique(np.asarray(y_pred))) == 1
                is_aside |= n < scoring.most_compared()
                _note_score(site, float(result), len(y_true), is_aside=is_aside)
            return result

        setattr(module, name, functools.wraps(original)(metric))


def _n_rows(*columns: Any) -> int:
    """Of labels and answers, 0 where they are no lists or arrays of equally many rows."""
    if not all(isinstance(column, list | np.ndarray) and np.ndim(column) for column in columns):
        return 0
    sizes = {len(column) for column in columns}
    return sizes.pop() if len(sizes) == 1 else 0


def _hook_split(module: ModuleType) -> None:
    original = module.train_test_split

    @functools.wraps(original)
    def train_test_split(*arrays: Any, **kwargs: Any) -> Any:
        site = sites.here()
        kwargs |= interventions.ACTIVE.arguments("train_test_split", site)
        ledger.RECORD.event("train_test_split", site, n_arrays=len(arrays),
                            shuffle=bool(kwargs.get("shuffle", True)),
                            stratify=kwargs.get("stratify") is not None)  # fmt: skip
        return original(*arrays, **kwargs)

    module.train_test_split = train_test_split  # type: ignore[attr-defined]
    for name in BY_GROUP:
        _note_splitter(getattr(module, name), "group-split")
    _note_splitter(module.KFold, "KFold")


def _hook_validation(module: ModuleType) -> None:
    """Folds that are predicted or scored in one call."""
    predicts, scores = module.cross_val_predict, module.cross_val_score
    fit_and_score = module._fit_and_score

    @functools.wraps(fit_and_score)
    def compared(*args: Any, **kwargs: Any) -> Any:
        _COMPARED.append(True)
        try:
            return fit_and_score(*args, **kwargs)
        finally:
            _COMPARED.pop()

    module._fit_and_score = compared  # type: ignore[attr-defined]

    @functools.wraps(predicts)
    def cross_val_predict(*args: Any, **kwargs: Any) -> Any:
        answers = predicts(*args, **kwargs)
        if (classes := _classes_in(answers)) is not None:
            scoring.answered(classes)
        return answers

    @functools.wraps(scores)
    def cross_val_score(*args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        reached = scores(*args, **kwargs)
        named = attach.named(scores, *args, **kwargs)
        if site is not None and named.get("scoring") in (None, "accuracy"):
            mean = float(np.mean(reached))
            if 0 <= mean <= 1:  # else a regression: its scores may be below 0
                _note_score(site, mean, len(named["y"]))
        return reached

    module.cross_val_predict = cross_val_predict  # type: ignore[attr-defined]
    module.cross_val_score = cross_val_score  # type: ignore[attr-defined]


def _hook_search(module: ModuleType) -> None:
    """A search over parameters: the mean over the folds of the best of them is what it tells."""
    search = module.BaseSearchCV
    fit = search.fit

    @functools.wraps(fit)
    def fitted(self: Any, X: Any, *args: Any, **kwargs: Any) -> Any:
        result = fit(self, X, *args, **kwargs)
        site, best = sites.directly(), getattr(self, "best_score_", None)
        if site is not None and self.scoring in (None, "accuracy") and best is not None:
            is_share = bool(np.isfinite(best)) and 0 <= best <= 1 and hasattr(self, "classes_")
            if is_share and isinstance(X, np.ndarray):
                _note_score(site, float(best), len(X), is_aside=_is_aside(X))
        return result

    search.fit = fitted


def _classes_in(answer: Any) -> np.ndarray | None:
    """What an estimator answered: classes, or a score for each of them; None for anything else."""
    if not isinstance(answer, np.ndarray):
        return None
    if answer.ndim == 2 and answer.shape[1] > 1:
        return np.asarray(answer.argmax(axis=1))
    return answer if answer.ndim == 1 and answer.dtype.kind != "f" else None


def _note_splitter(kind: Any, what: str) -> None:
    original = kind.split

    @functools.wraps(original)
    def split(self: Any, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        if site is not None:
            ledger.RECORD.event(what, site, splitter=kind.__name__,
                                shuffle=bool(getattr(self, "shuffle", False)))  # fmt: skip
        return original(self, *args, **kwargs)

    kind.split = split


def _hook_shuffle(module: ModuleType) -> None:
    original = module.shuffle

    @functools.wraps(original)
    def shuffle(*arrays: Any, **kwargs: Any) -> Any:
        site = sites.directly()
        if site is not None:
            if interventions.ACTIVE.dropped("sklearn.utils.shuffle", site):
                return arrays[0] if len(arrays) == 1 else list(arrays)
            ledger.RECORD.event("sklearn.utils.shuffle", site, alone=len(arrays) == 1)
        return original(*arrays, **kwargs)

    module.shuffle = shuffle  # type: ignore[attr-defined]
    package = sys.modules["sklearn.utils"]  # it may have taken the name already
    if getattr(package, "shuffle", None) is original:
        package.shuffle = shuffle  # type: ignore[attr-defined]


def _hook_estimators(module: ModuleType) -> None:
    original = module.ClassifierMixin.score

    @functools.wraps(original)
    def score(self: Any, X: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        keep = session.computed_rows(X)
        if keep is not None:
            X, y = np.asarray(X)[keep], np.asarray(y)[keep]
        known = len(ledger.RECORD.scores)
        _SCORED[:] = [self]
        try:
            result = original(self, X, y, *args, **kwargs)
        finally:
            _SCORED.clear()
        if site is not None and len(ledger.RECORD.scores) == known:
            _note_score(site, float(result), len(y), is_aside=_is_aside(X))
        return result

    module.ClassifierMixin.score = score
    _remember_predictions(module.BaseEstimator)
    context = module._fit_context

    def fit_context(*args: Any, **kwargs: Any) -> Any:
        decorate = context(*args, **kwargs)

        def decorated(fit: Any) -> Any:
            inner = decorate(fit)

            @functools.wraps(inner)
            def outer(self: Any, X: Any, *rest: Any, **kw: Any) -> Any:
                site = sites.here() if session.SESSION.depth == 0 else None
                if not rest and kw.get("y") is not None:
                    rest = (kw.pop("y"),)
                is_labelled = bool(rest) and np.ndim(rest[0]) >= 1 and len(rest[0]) == len(X)
                if site is not None and is_labelled and np.ndim(X) == 2:
                    keep = session.computed_rows(X)
                    if keep is not None:
                        X, rest = np.asarray(X)[keep], (np.asarray(rest[0])[keep], *rest[1:])
                    if sites.directly() is not None:  # and not the last step of a pipeline
                        X, rest = _without_dropped(X, rest)
                    _FITTED[id(self)] = (self, X, rest[0])
                    _FITS[id(self)] += 1
                    if len(_FITTED) > MOST_FITTED:  # a search over parameters fits hundreds
                        del _FITTED[next(iter(_FITTED))]
                    ledger.RECORD.attempt("an estimator", _note_estimator, X, rest[0])
                return inner(self, X, *rest, **kw)

            return outer

        return decorated

    module._fit_context = fit_context  # type: ignore[attr-defined]


def _without_dropped(X: Any, rest: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Features and labels without the rows that a repair leaves out."""
    drop = interventions.ACTIVE.one("drop-rows")
    if drop is None:
        return X, rest
    keep = np.setdiff1d(np.arange(len(X)), drop["rows"])
    return np.asarray(X)[keep], (np.asarray(rest[0])[keep], *rest[1:])


def _remember_predictions(base: Any) -> None:
    """Every class of estimators that is defined from now on remembers what it tells of rows."""
    define = base.__init_subclass__.__func__
    follow = {"predict": _predicted, "predict_proba": _predicted, "transform": _transformed,
              "fit_transform": _transformed}  # fmt: skip

    def defined(cls: Any, /, **kwargs: Any) -> None:
        define(cls, **kwargs)
        for name, then in follow.items():
            method = getattr(cls, name, None)
            if inspect.isfunction(method) and not hasattr(method, "_regraft"):
                setattr(cls, name, _followed(method, then))

    base.__init_subclass__ = classmethod(defined)


def _followed(method: Any, then: Any) -> Any:
    @functools.wraps(method)
    def followed(self: Any, *args: Any, **kw: Any) -> Any:
        answer = method(self, *args, **kw)
        then(self, args[0] if args else kw.get("X"), answer)
        return answer

    followed._regraft = True  # type: ignore[attr-defined]
    return followed


def _predicted(estimator: Any, rows: Any, answer: Any) -> None:
    classes = _classes_in(answer)
    if session.SESSION.depth:
        return
    is_direct = sites.directly() is not None or any(each is estimator for each in _SCORED)
    is_matrix = isinstance(rows, np.ndarray) and rows.ndim == 2 and len(rows) == len(answer)
    if not (is_direct and is_matrix):
        if classes is not None:
            scoring.answered(classes)
        return
    if classes is not None:
        scoring.answered(
            classes,
            asked=rows,
            trained_on=_trained_on(estimator, rows),
            is_aside=_is_aside(rows),
            who=f"{id(estimator)} after {_FITS[id(estimator)]}",
            labels=shown.own_labels(rows),
            complete=functools.partial(_complete, estimator),
        )
    ledger.RECORD.attempt("pictures behind features", _note_origin, "answered", rows)


def _trained_on(estimator: Any, rows: np.ndarray) -> float:
    """The share of these rows that an estimator was fitted to."""
    fitted = _FITTED.get(id(estimator))
    if fitted is None or np.shape(fitted[1])[1:] != rows.shape[1:]:
        return 0.0
    known = {feeds.digest_row(row) for row in np.asarray(fitted[1], rows.dtype)}
    asked = rows[samples.spread(len(rows), LOOKED_UP)]
    return float(np.mean(feeds.among(asked, known)[0]))


def _complete(
    estimator: Any, entry: dict[str, Any], x: np.ndarray, classes: np.ndarray, labels: np.ndarray
) -> None:
    """Where a repair splits rows again: an estimator like this one, fitted and scored anew."""
    fitted = _FITTED.get(id(estimator))
    is_wanted = interventions.ACTIVE.one("resplit") is not None and fitted is not None
    if not is_wanted or entry.get("trained_on", 0.0) or len(classes) != len(labels):
        return
    ledger.RECORD.attempt("another split", _split_again, fitted, entry, x, labels)


def _split_again(
    fitted: tuple[Any, Any, Any], entry: dict[str, Any], x: np.ndarray, labels: np.ndarray
) -> None:
    from sklearn.base import clone

    estimator, given, of_given = fitted
    parts = [
        feeds.Feed(x=np.asarray(rows), y=np.asarray(y), planned=len(y), rows=np.arange(len(y)))
        for rows, y in ((given, of_given), (x, labels))
    ]
    with session.inside():
        train, held_out = preparing.resplit(*parts)
        again = clone(estimator).fit(train.x, train.y)
        classes = np.asarray(again.predict(held_out.x))
    truth = feeds.label_indices(held_out.y)
    entry |= {"honest": float(np.mean(classes == truth)), "n": len(truth),
              "is_of_another_split": True}  # fmt: skip
    scoring.keep(entry, classes, truth)


def _note_origin(what: str, rows: np.ndarray) -> None:
    """Where rows of features are in the prediction they come from."""
    found = shown.positions(rows)
    if found is not None:
        ledger.RECORD.facts[f"{what}_of"] = found[0]
        ledger.RECORD.arrays[f"{what}_positions"] = found[1]


def _transformed(_: Any, rows: Any, answer: Any) -> None:
    """Features that are scaled or projected."""
    if isinstance(rows, np.ndarray) and isinstance(answer, np.ndarray):
        ledger.RECORD.attempt("scaled features", shown.follow, rows, answer)


def _note_score(site: Any, accuracy: float, n: int, *, is_aside: bool = False) -> None:
    ledger.RECORD.scores.append(
        {"by": "sklearn", "site": site, "claimed": accuracy, "honest": accuracy, "n": n,
         "is_aside": is_aside}
    )  # fmt: skip


def _is_aside(rows: Any) -> bool:
    """Is it something to compare with: one of many candidates, or an estimator of other rows?

    The network is compared with those that are given anything but its features.
    """
    if _COMPARED:
        return True
    has_other = any(score["by"] != "sklearn" for score in ledger.RECORD.scores)
    return has_other and shown.positions(rows) is None


def _note_estimator(X: Any, y: Any) -> None:
    ledger.RECORD.attempt("features in batches", shown.gather)
    ledger.RECORD.attempt("pictures behind features", _note_origin, "estimator", np.asarray(X))
    given = feeds.label_indices(np.asarray(y))
    if given.dtype.kind in "iu":
        ledger.RECORD.arrays["estimator_raw_labels"] = given
    labels = np.unique(given, return_inverse=True)[1]
    # the last is the one that counts: a search over parameters fits hundreds
    rows = samples.spread(len(labels), PROBED)
    ledger.RECORD.arrays["estimator_labels"] = labels
    ledger.RECORD.arrays["estimator_rows"] = rows
    ledger.RECORD.arrays["estimator_features"] = np.asarray(X)[rows].astype(np.float16)

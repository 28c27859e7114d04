"""Whether pictures tell their labels, or their part."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.diagnose.evidence import Association, Shift

Values = npt.NDArray[np.generic]
Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
MAX_ROWS = 600  # of a probe: accuracy within two points, a second or two of work
NEIGHBOURS = 30
UNEVEN = 3  # times the rows of the smallest class: so many tell no less
LEAST_OF_A_CLASS = 40  # rows that the largest class keeps, however few the smallest has
MANY_ROWS, FEW_FEATURES = 2000, 512  # more, where that is as quick


def association(
    features: Values,
    labels: Values,
    positions: Values,
    held_out: tuple[Values, Values] | None = None,
) -> Association | None:
    """Can the labels be predicted from the pictures, and which labels contradict them?

    The first by cross-validated logistic regression. A label is contradicted, as in confident
    learning (Northcutt et al., JAIR 2021), where another class is at least as likely among the
    nearest pictures as it usually is among those of the rows that carry it, and likelier than the
    label. (Digits with 30% of the labels one class off: of the rows named 0.88 are wrong, and 0.77
    of the wrong ones are named; by logistic regression 0.58 and 0.71.)

    Args:
        features: Shape (n, d): frozen features, or thumbnails where there are none.
        labels: Shape (n,).
        positions: Shape (n,): where these rows are in the array given to `fit`.
        held_out: Features and labels of validation pictures, to see whether a model without the
            contradicted rows knows these better.
    """
    from sklearn.model_selection import cross_val_predict

    most = MANY_ROWS if features.shape[1] <= FEW_FEATURES else MAX_ROWS
    numbers = _numbers(labels)
    rows, y = _evened(*_usable(numbers, most))
    if len(rows) < 2 * NEIGHBOURS or len(np.unique(y)) < 2:
        return None
    classes = np.unique(y)
    x = features[rows].astype(np.float32)
    rest = np.setdiff1d(np.flatnonzero(np.isin(numbers, classes)), rows)
    with _quickly():
        predicted = cross_val_predict(_linear(), x, y, cv=4)
        chances = cross_val_predict(_nearest(), x, y, cv=4, method="predict_proba")
        others = np.zeros((0, len(classes)))
        if len(rest):
            others = _nearest().fit(x, y).predict_proba(features[rest].astype(np.float32))
    usual = np.array([chances[y == c, i].mean() for i, c in enumerate(classes)])
    contradicted = _contradicted(chances, np.searchsorted(classes, y), usual)
    elsewhere = _contradicted(others, np.searchsorted(classes, numbers[rest]), usual)
    noisy = np.concatenate([rows[contradicted], rest[elsewhere]])
    margin, cleaned = _without(x, y, ~contradicted)
    elsewhere_gain, gain_error = 0.0, 0.0
    if held_out is not None and contradicted.any() and margin > 0:
        known = (held_out[0], np.searchsorted(np.unique(labels), held_out[1]))
        elsewhere_gain, gain_error = _gain_elsewhere(x, y, ~contradicted, *known)
    return Association(
        accuracy=float(np.mean(predicted == y)),
        n=len(rows),
        chance=float(np.unique(y, return_counts=True)[1].max() / len(y)),
        noisy=float(np.mean(contradicted)),
        noise_margin=margin,
        clean_accuracy=cleaned,
        gain_elsewhere=elsewhere_gain,
        gain_error=gain_error,
        noisy_rows=tuple(sorted(int(p) for p in positions[noisy])),
    )


def _contradicted(chances: Floats, given: Values, usual: Floats) -> Flags:
    """Rows where a class other than the given one is as likely as usual, and likelier."""
    likely = np.where(chances >= usual, chances, 0.0)
    best = likely.argmax(axis=1)
    return np.asarray((likely.max(axis=1) > 0) & (best != given), bool)


def _without(features: Values, y: Values, clean: Flags) -> tuple[float, float]:
    """What leaving rows out of training gains on the others, and the accuracy reached there."""
    from sklearn.model_selection import StratifiedKFold

    if clean.all() or np.unique(y[clean], return_counts=True)[1].min() < 4:
        return 0.0, 0.0
    x = features.astype(np.float32)
    scores: list[tuple[float, float]] = []
    with _quickly():
        for fit, held in StratifiedKFold(4, shuffle=True, random_state=0).split(x, y):
            scored = held[clean[held]]
            kept = fit[clean[fit]]
            if len(np.unique(y[kept])) < 2 or not len(scored):
                continue
            with_all = _linear().fit(x[fit], y[fit]).score(x[scored], y[scored])
            with_clean = _linear().fit(x[kept], y[kept]).score(x[scored], y[scored])
            scores.append((with_clean - with_all, with_clean))
    gain, accuracy = np.mean(scores, axis=0) if scores else (0.0, 0.0)
    return float(gain), float(accuracy)


def _gain_elsewhere(
    x: Floats, y: Values, clean: Flags, held_out: Values, labels: Values
) -> tuple[float, float]:
    """What leaving rows out of training gains on pictures of the other part; its standard error.

    Dropping hard pictures gains nothing there, dropping wrong labels does: with thumbnails of
    cats and dogs -0.01 where a third "contradicts" them, of digits 0.06 with a fifth of the labels
    one class off, and 0.16 with nearly half.
    """
    asked = held_out.astype(np.float32)
    with _quickly():
        before = _linear().fit(x, y).predict(asked) == labels
        after = _linear().fit(x[clean], y[clean]).predict(asked) == labels
    difference = after.astype(np.float64) - before
    return float(difference.mean()), float(difference.std() / np.sqrt(max(1, len(difference))))


def shift(train: Values, train_labels: Values, validation: Values, labels: Values) -> Shift | None:
    """How well can training and validation pictures be told apart, at equal class mix?"""
    from sklearn.model_selection import cross_val_score

    a, b = same_mix(train_labels, labels)
    if len(a) < 60:
        return None
    x = np.concatenate([train[a], validation[b]]).astype(np.float32)
    y = np.repeat([0, 1], [len(a), len(b)])
    with _quickly():
        auc = cross_val_score(_linear(), x, y, cv=4, scoring="roc_auc")
    return Shift(separability=float(np.mean(auc)), n=len(y))


def transfer(plain: Values, labels: Values, changed: Values) -> tuple[float, float] | None:
    """Accuracy of a probe on held-out plain pictures, and on the same pictures augmented.

    Rows of the three arrays belong together. The probe is trained on plain pictures only.
    """
    from sklearn.model_selection import StratifiedKFold

    rows, y = _usable(_numbers(labels))
    if len(rows) < 60 or len(np.unique(y)) < 2:
        return None
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    right: list[tuple[float, float]] = []
    with _quickly():
        for fit, held in folds.split(rows, y):
            model = _linear().fit(plain[rows[fit]].astype(np.float32), y[fit])
            right.append((
                model.score(plain[rows[held]].astype(np.float32), y[held]),
                model.score(changed[rows[held]].astype(np.float32), y[held]),
            ))  # fmt: skip
    first, second = np.mean(right, axis=0)
    return float(first), float(second)


@contextlib.contextmanager
def _quickly() -> Iterator[None]:
    """One thread, no warnings.

    On several threads problems this small wait for each other: 60 s instead of 2 s were measured
    on two busy cores. And small folds need not converge to tell.
    """
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore")
        yield


def _linear() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=200))


def _nearest() -> Any:
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    nearest = KNeighborsClassifier(NEIGHBOURS, weights="distance")
    return make_pipeline(Normalizer(), nearest)


def _numbers(labels: Values) -> npt.NDArray[np.int64]:
    """A number a distinct label: fractions and texts may stand for classes too."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _usable(
    numbers: npt.NDArray[np.int64], most: int = MAX_ROWS
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of classes with at least four members, evenly thinned to `most`, and their numbers."""
    rows = np.flatnonzero(np.bincount(numbers)[numbers] >= 4) if len(numbers) else numbers
    rows = np.random.default_rng(0).permutation(rows)[:most]
    counts = np.bincount(numbers[rows], minlength=1)
    rows = rows[counts[numbers[rows]] >= 4]
    return rows, numbers[rows]


def _evened(
    rows: npt.NDArray[np.int64], y: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The same with no class larger than the smallest, where one is several times as large.

    Where one class is nearly all, to name it always is nearly right: pictures tell no more then,
    though they tell the classes well.
    """
    counts = np.bincount(y, minlength=1)
    smallest = int(counts[counts > 0].min()) if len(y) else 0
    if counts.max() <= UNEVEN * smallest:
        return rows, y
    most = max(smallest, LEAST_OF_A_CLASS)
    rank = np.zeros(len(y), np.int64)  # rows come in random order
    for value in np.unique(y):
        rank[y == value] = np.arange(counts[value])
    return rows[rank < most], y[rank < most]


def same_mix(a: Values, b: Values) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Equally many rows of every class from both sides."""
    rng = np.random.default_rng(0)
    left: list[npt.NDArray[np.int64]] = []
    right: list[npt.NDArray[np.int64]] = []
    for value in np.intersect1d(a, b):
        one, two = np.flatnonzero(a == value), np.flatnonzero(b == value)
        n = min(len(one), len(two), MAX_ROWS // 2)
        left.append(rng.choice(one, n, replace=False))
        right.append(rng.choice(two, n, replace=False))
    empty = np.zeros(0, np.int64)
    return (np.concatenate(left), np.concatenate(right)) if left else (empty, empty)

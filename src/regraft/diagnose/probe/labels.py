"""The labels: classes, order, kinds, and names."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from regraft.diagnose.evidence import Labels

Values = npt.NDArray[np.generic]
# Of a class's share of the other part. Sorted rows leave next to nothing of it; to even classes out
# by repeating or leaving out rows moves shares several times, and training still sees the class.
NEARLY_NONE = 0.1
NOTICED = 0.02  # share of a part that a class must have, to be missed in the other
MIXED = 0.2  # of the way from batches in random order (0) to one class each (1)
RARE = 0.6  # of an even share of all rows: a split leaves all of it, a filter the validated ones


def labels(
    train: Values,
    validation: Values,
    *,
    batch_size: int,
    shuffled: bool,
    train_names: Sequence[str],
    validation_names: Sequence[str],
) -> Labels:
    """Facts about label values as they reached `fit` (`train`) and the score (`validation`)."""
    of_train, others = counts(train), counts(validation)
    expected = expected_purity(train, batch_size)
    return Labels(
        train_counts=of_train,
        validation_counts=others,
        lowest=float(train.min()) if len(train) else 0.0,
        highest=float(train.max()) if len(train) else 0.0,
        are_whole=bool(np.all(train == np.rint(train))) if len(train) else True,
        batch_purity=expected if shuffled else purity(train, batch_size),
        expected_purity=expected,
        train_class_names=tuple(train_names),
        validation_class_names=tuple(validation_names),
        total_variation=total_variation(of_train, others),
    )


def on_one_side(
    train: Mapping[str, int], validation: Mapping[str, int]
) -> tuple[list[str], list[str]]:
    """Classes that are validated and hardly trained on, and classes that are never validated."""
    n_train, n_validation = max(1, sum(train.values())), max(1, sum(validation.values()))
    untrained = [
        name for name, rows in validation.items()
        if rows >= NOTICED * n_validation
        and train.get(name, 0) / n_train < NEARLY_NONE * rows / n_validation
    ]  # fmt: skip
    unseen = [
        name for name, rows in train.items()
        if rows >= NOTICED * n_train and not validation.get(name)
    ]  # fmt: skip
    return sorted(untrained), sorted(unseen)


def left_out(train: Mapping[str, int], validation: Mapping[str, int]) -> list[str]:
    """Classes that are hardly trained on and rare in both parts together.

    A split that puts a class on one side keeps all its rows; a filter of training rows does not.
    """
    names = set(train) | set(validation)
    even = (sum(train.values()) + sum(validation.values())) / max(1, len(names))
    untrained, _ = on_one_side(train, validation)
    return [
        name for name in untrained
        if train.get(name, 0) + validation[name] < RARE * even
    ]  # fmt: skip


def renumbered(trained: Sequence[str], validated: Sequence[str]) -> dict[str, int]:
    """Numbers of classes in validation, and those in training, where both differ."""
    return {
        str(old): trained.index(name)
        for old, name in enumerate(validated)
        if name in trained and trained.index(name) != old
    }


def counts(values: Values) -> dict[str, int]:
    """How many rows each label value has, by the name it goes by in the evidence."""
    distinct, numbers = np.unique(values, return_counts=True)
    names = (str(int(v)) if float(v).is_integer() else repr(round(float(v), 6)) for v in distinct)
    return dict(zip(names, (int(n) for n in numbers), strict=True))


def label_kind(raw: Values) -> str:
    """What `fit` was given: "index", "one-hot", "multi-hot" or "float"."""
    if raw.ndim >= 2 and raw.shape[-1] > 1:
        rows = raw.reshape(len(raw), -1).astype(np.float64)
        binary = np.isin(rows, (0.0, 1.0)).all()
        return "one-hot" if binary and np.allclose(rows.sum(axis=1), 1) else "multi-hot"
    flat = raw.reshape(-1)
    return "index" if np.all(flat == np.rint(flat.astype(np.float64))) else "float"


def purity(values: Values, batch_size: int) -> float:
    """Mean share of the commonest class in a batch of this size."""
    starts = range(0, max(1, len(values) - batch_size + 1), max(1, batch_size))
    shares = [
        np.unique(values[s : s + batch_size], return_counts=True)[1].max()
        / len(values[s : s + batch_size])
        for s in starts
        if len(values[s : s + batch_size])
    ]
    return float(np.mean(shares)) if shares else 0.0


def expected_purity(values: Values, batch_size: int) -> float:
    """The same for the same labels in random order."""
    return purity(np.random.default_rng(0).permutation(values), batch_size)


def is_mixed(values: Values, batch_size: int, *, like: Values) -> bool:
    """Are the classes about as mixed in batches as labels like these are in random order?

    Of one class nothing can be told: no.
    """
    expected = expected_purity(like, batch_size)
    return purity(values, batch_size) - expected < MIXED * (1 - expected)


def total_variation(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """Half the summed difference of the class shares behind two counts; 0 where one is empty."""
    if not a or not b:
        return 0.0
    total_a, total_b = sum(a.values()), sum(b.values())
    return 0.5 * sum(abs(a.get(k, 0) / total_a - b.get(k, 0) / total_b) for k in set(a) | set(b))

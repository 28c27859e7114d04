"""A linear head whose regularisation was chosen on validation rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from regraft.heads.calibrate import fit_temperature, least_loss
from regraft.heads.solver import Examples, Linear, fit_logistic, measure_scaling
from regraft.heads.subsample import stratified_rows
from regraft.records import FloatArray, IntArray, LinearHead

# Penalties per feature, strong to weak. With d standardised features the logits' variance grows
# with d, so the penalty that suits does too. Photographs on the last map of a network of their kind
# want the strong end, thousands of digits on an early map the weak one.
L2_PER_FEATURE = (100.0, 20.0, 5.0, 1.0, 0.2, 0.05, 0.01, 0.002, 0.0005)
_PATH_ROWS = 10_000  # enough to rank penalties: the loss is a sum, so its best one stays put
_PATIENCE = 2  # weaker penalties tried after the best before the path is given up


@dataclass(frozen=True, kw_only=True, slots=True)
class PathPoint:
    """One penalty tried."""

    l2: float
    # mean cross-entropy on validation rows, at its best temperature; 0 where none is wrong: that
    # does not tell how sure the head may be, and the stronger penalty stays
    loss: float
    accuracy: float  # on validation rows


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class HeadChoice:
    """A head and what was seen on the way to it."""

    head: LinearHead
    validation_accuracy: float  # of the head fitted to the training rows alone
    validation_loss: float  # of the same, calibrated; in nats
    path: tuple[PathPoint, ...]


def near_l2(l2_per_feature: float | None, *, steps: int = 1) -> tuple[float, ...]:
    """Penalties worth trying where this one was best on fewer rows; None: all of them.

    Args:
        l2_per_feature: The penalty.
        steps: So many to each side of it.
    """
    if l2_per_feature is None:
        return L2_PER_FEATURE
    distances = np.abs(np.log(np.array(L2_PER_FEATURE) / l2_per_feature))
    place = int(np.argmin(distances))
    return L2_PER_FEATURE[max(0, place - steps) : place + steps + 1]


def choose_head(
    train: Examples,
    validation: Examples,
    n_classes: int,
    *,
    refit: bool,
    l2_per_feature: tuple[float, ...] = L2_PER_FEATURE,
    seed: int = 0,
) -> HeadChoice:
    """Walk the penalties from strong to weak, each fit starting at the last, and keep the best.

    Best is the least validation loss at its best temperature: smoother than accuracy where
    validation rows are few. With many training rows the walk uses a stratified sample of them.

    Args:
        train: Rows to fit.
        validation: Rows to choose on.
        n_classes: k, at least 2.
        refit: Fit the returned head to training and validation rows together. Its accuracy on
            validation rows then says nothing; `validation_accuracy` is measured before.
        l2_per_feature: Penalties divided by d, strong to weak.
        seed: Of the sample.

    Raises:
        InvalidArgumentError: As `fit_logistic`.
    """
    d = train.features.shape[1]
    sample = _sample(train, seed)
    scaling = measure_scaling([sample])
    path: list[PathPoint] = []
    solution, chosen, best = None, None, 0
    for per_feature in l2_per_feature:
        l2 = per_feature * d
        solution = fit_logistic([sample], n_classes, l2=l2, start=solution, scaling=scaling)
        path.append(_judge(solution, validation, l2))
        if chosen is None or path[-1].loss < path[best].loss:
            chosen, best = solution, len(path) - 1
        elif len(path) - 1 - best >= _PATIENCE:
            break
    l2 = path[best].l2

    if chosen is None or sample is not train:
        chosen = fit_logistic([train], n_classes, l2=l2, start=chosen)
    scores = validation.features @ chosen.kernel + chosen.bias
    temperature = fit_temperature(scores, validation.labels)
    judged = _judge(chosen, validation, l2)
    if refit:
        chosen = fit_logistic([train, validation], n_classes, l2=l2, start=chosen)
    head = LinearHead(kernel=chosen.kernel, bias=chosen.bias, l2=l2, temperature=temperature)
    return HeadChoice(
        head=head,
        validation_accuracy=judged.accuracy,
        validation_loss=judged.loss,
        path=tuple(path),
    )


def fit_head(
    features: FloatArray,
    labels: IntArray,
    *,
    validation: tuple[FloatArray, IntArray],
    n_classes: int,
    l2_per_feature: tuple[float, ...] = L2_PER_FEATURE,
    seed: int = 0,
) -> LinearHead:
    """The head of `choose_head`, fitted to the training rows alone.

    Args:
        features: Shape (n, d), training rows.
        labels: Shape (n,), class indices in [0, n_classes).
        validation: Features and labels to choose on.
        n_classes: k, at least 2.
        l2_per_feature: Penalties divided by d, strong to weak.
        seed: Of the sample that penalties are chosen with.

    Raises:
        InvalidArgumentError: As `fit_logistic`.
    """
    train = Examples(features=features, labels=labels)
    held_out = Examples(features=validation[0], labels=validation[1])
    return choose_head(
        train, held_out, n_classes, refit=False, l2_per_feature=l2_per_feature, seed=seed
    ).head


def refit_head(head: LinearHead, parts: Sequence[tuple[FloatArray, IntArray]]) -> LinearHead:
    """The same head fitted to more rows, with its penalty and temperature.

    Args:
        head: Where to begin.
        parts: Features (n, d) and labels (n,) of all rows, in any number of pieces.
    """
    solution = fit_logistic(
        [Examples(features=features, labels=labels) for features, labels in parts],
        len(head.bias),
        l2=head.l2,
        start=Linear(kernel=head.kernel, bias=head.bias),
    )
    return replace(head, kernel=solution.kernel, bias=solution.bias)


def _sample(train: Examples, seed: int) -> Examples:
    # a sample nearly as large as the whole would only be one more fit
    if len(train.labels) <= 1.5 * _PATH_ROWS:
        return train
    rows = stratified_rows(train.labels, _PATH_ROWS, seed=seed)
    return Examples(features=train.features[rows], labels=train.labels[rows])


def _judge(solution: Linear, validation: Examples, l2: float) -> PathPoint:
    scores: FloatArray = validation.features @ solution.kernel + solution.bias
    accuracy = float(np.mean(scores.argmax(axis=1) == validation.labels))
    loss = least_loss(scores, validation.labels) if accuracy < 1 else 0.0
    return PathPoint(l2=l2, loss=loss, accuracy=accuracy)

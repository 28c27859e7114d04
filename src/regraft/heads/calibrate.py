"""One temperature that makes probabilities mean what they say."""

import numpy as np

from regraft.records import FloatArray, IntArray

_LARGEST = 20.0  # temperatures beyond 1/20 and 20 come from too few rows, not from the head


def mean_loss(logits: FloatArray, labels: IntArray, *, temperature: float = 1.0) -> float:
    """Mean cross-entropy in nats of logits (n, k) divided by a temperature.

    Of logits (v, n, k), in v views of a picture, it is that of the mean of their probabilities.
    """
    scores = logits.astype(np.float64) / temperature
    scores -= scores.max(axis=-1, keepdims=True)
    of_the_truth = scores[..., np.arange(len(labels)), labels]
    each = np.log(np.exp(scores).sum(axis=-1)) - of_the_truth
    if each.ndim > 1:
        each = np.log(len(each)) - np.logaddexp.reduce(-each, axis=0)
    return float(each.mean())


def fit_temperature(logits: FloatArray, labels: IntArray) -> float:
    """The temperature of least cross-entropy on rows the head was not fitted to.

    Args:
        logits: Shape (n, k), not yet divided by any temperature; or (v, n, k), in v views, whose
            probabilities are averaged.
        labels: Shape (n,), class indices in [0, k).

    Returns:
        A number in [1/20, 20]; 1 where no row, in the first view, is classified wrongly, since
        then the loss falls with the temperature for ever and says nothing about how sure the head
        may be.

    Source:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, Sec. 4.2,
        https://arxiv.org/abs/1706.04599.
    """
    as_it_is = logits if logits.ndim == 2 else logits[0]
    if not len(labels) or (as_it_is.argmax(axis=1) == labels).all():
        return 1.0
    return _of_least_loss(logits, labels)


def least_loss(logits: FloatArray, labels: IntArray) -> float:
    """Mean cross-entropy at its best temperature, to compare states of one network by.

    Where nothing is wrong it goes on falling as the margins grow: a state without a mistake is not
    behind one with a mistake, as it would be at temperature 1.

    Args:
        logits: Shape (n, k).
        labels: Shape (n,), class indices in [0, k).
    """
    return mean_loss(logits, labels, temperature=_of_least_loss(logits, labels))


def _of_least_loss(logits: FloatArray, labels: IntArray) -> float:
    from scipy.optimize import minimize_scalar

    end = np.log(_LARGEST)
    best = minimize_scalar(
        lambda log_t: mean_loss(logits, labels, temperature=float(np.exp(log_t))),
        bounds=(-end, end),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(best.x))

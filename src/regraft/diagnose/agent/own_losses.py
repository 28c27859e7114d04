"""Losses of a script's own that are one of Keras's: by the numbers that they give."""

from typing import Any

import numpy as np

from regraft.diagnose.agent import samples

ROWS = 16  # that both are asked about
_ALIKE = 1e-4  # of a loss: what rounding and clipping may leave
_SPARSE, _ONE_HOT, _BINARY = (
    "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"
)  # fmt: skip


def known_as(loss: Any, y: np.ndarray, units: int) -> tuple[str, bool] | None:
    """The cross-entropy that a function repeats, and whether it takes logits; None for others.

    Args:
        loss: A function of true and predicted rows.
        y: Labels as they reach it, (n,) or (n, k).
        units: Of the last layer.

    Raises:
        Exception: Whatever a loss of the script's own raises.
    """
    import keras
    from keras import ops

    # of several classes, and as Keras casts it
    truth = np.asarray(y[samples.spread(len(y), ROWS)], np.float32)
    truth = truth.reshape(-1, 1) if truth.ndim == 1 else truth
    if units < 1 or truth.ndim != 2:
        return None
    names = [_BINARY] if units == 1 else [_SPARSE] if truth.shape[1] == 1 else [_ONE_HOT, _BINARY]
    logits = np.random.default_rng(0).normal(size=(len(truth), units)).astype(np.float32)
    shares = np.asarray(ops.sigmoid(logits) if units == 1 else ops.softmax(logits))
    for takes_logits, answers in ((True, logits), (False, shares)):
        own = _mean(loss, truth, answers)
        for name in names:
            of_keras = _mean(getattr(keras.losses, name), truth, answers, from_logits=takes_logits)
            if abs(own - of_keras) <= _ALIKE * abs(of_keras):
                return name, takes_logits
    return None


def _mean(loss: Any, truth: np.ndarray, answers: np.ndarray, **more: bool) -> float:
    from keras import ops

    given = loss(ops.convert_to_tensor(truth), ops.convert_to_tensor(answers), **more)
    return float(np.mean(np.asarray(given)))

"""What a linear head answers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.records import FloatArray, LinearHead


def logits(head: LinearHead, features: npt.NDArray[Any]) -> FloatArray:
    """Calibrated scores (n, k) of features (n, d): the temperature is applied."""
    scores: FloatArray = np.asarray(features, np.float32) @ head.kernel + head.bias
    return scores / np.float32(head.temperature)


def probabilities(head: LinearHead, features: npt.NDArray[Any]) -> FloatArray:
    """The softmax of `logits`: (n, k), rows sum to 1."""
    return softmax(logits(head, features))


def softmax(scores: FloatArray) -> FloatArray:
    """Along the last axis, safe for scores of any magnitude."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=-1, keepdims=True)
    return shares

"""What heads answer together."""

from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.heads.linear import probabilities, softmax
from regraft.records import FloatArray, HiddenHead, LinearHead


def answer_of(
    linear: LinearHead, hidden: HiddenHead | None, features: npt.NDArray[Any]
) -> FloatArray:
    """Probabilities (n, k) for features (n, d): of the linear head, or of both by their shares."""
    alone = probabilities(linear, features)
    if hidden is None:
        return alone
    scores = hidden_logits(hidden, features) / np.float32(hidden.temperature)
    share = np.float32(hidden.share)
    return (1 - share) * alone + share * softmax(scores)


def hidden_logits(head: HiddenHead, features: npt.NDArray[Any]) -> FloatArray:
    """Scores (n, k) of features (n, d), not yet divided by the temperature."""
    units = np.asarray(features, np.float32) @ head.into + head.into_bias
    scores: FloatArray = np.maximum(units, 0) @ head.out + head.out_bias
    return scores

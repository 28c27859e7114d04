"""How states of a network are scored while it is chosen and trained."""

import numpy as np

from regraft.heads.calibrate import least_loss
from regraft.records import FloatArray, IntArray

DIVERGED = 1e6  # nats: worse than any network that still answers with numbers


def judge(logits: FloatArray, labels: IntArray) -> tuple[float, float]:
    """Accuracy, and mean loss at the best temperature, of logits (n, k)."""
    if not np.isfinite(logits).all():
        return 0.0, DIVERGED
    return float(np.mean(logits.argmax(axis=1) == labels)), least_loss(logits, labels)

"""How states of a network are scored while it is chosen and trained."""

import numpy as np

from regraft.heads.calibrate import fit_temperature, mean_loss
from regraft.records import FloatArray, IntArray


def judge(logits: FloatArray, labels: IntArray) -> tuple[float, float]:
    """Accuracy, and mean loss at the best temperature, of logits (n, k)."""
    accuracy = float(np.mean(logits.argmax(axis=1) == labels))
    return accuracy, mean_loss(logits, labels, temperature=fit_temperature(logits, labels))

import numpy as np


class Balance:
    """One weight a row, so that classes count alike in the loss."""

    def __init__(self, labels):
        self.classes, counts = np.unique(labels, return_counts=True)
        self.weights = counts.max() / np.sort(counts)

    def of(self, labels):
        return self.weights[np.searchsorted(self.classes, labels)]

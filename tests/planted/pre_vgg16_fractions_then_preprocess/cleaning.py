import numpy as np


def unit_range(x):
    """Remove differences of exposure."""
    low, high = x.min(), np.max(x)
    return (x - low) / (high - low)

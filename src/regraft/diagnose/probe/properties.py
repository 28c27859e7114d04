"""What a whole picture looks like: bright, flat, sharp, colourful. One number a picture each."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float64]
LEAST = 1e-6  # contrast of a constant picture


def properties(pictures: Values) -> Mapping[str, Floats]:
    """Of pictures of shape (n, h, w, c), by name. All but brightness and contrast know no scale."""
    x = pictures.astype(np.float32)
    gray = x.mean(axis=-1)
    n = len(gray)
    flat = gray.reshape(n, -1)
    mean, contrast = flat.mean(axis=1), np.maximum(flat.std(axis=1), LEAST)
    steps = [np.abs(np.diff(gray, axis=axis)).reshape(n, -1).mean(axis=1) for axis in (1, 2)]
    edge = np.concatenate([gray[:, 0], gray[:, -1], gray[:, :, 0], gray[:, :, -1]], axis=1)
    deviations = (flat - mean[:, None]) / contrast[:, None]
    found = {
        "brightness": mean,
        "contrast": contrast,
        "sharpness": (steps[0] + steps[1]) / contrast,
        "background": (edge.mean(axis=1) - mean) / contrast,
        "balance of dark and light": (deviations**3).mean(axis=1),
        "colour": np.ptp(x, axis=-1).reshape(n, -1).mean(axis=1) / contrast,
    }
    return {name: values.astype(np.float64) for name, values in found.items()}


def telling(train: Values, validation: Values) -> tuple[str, float]:
    """The property that tells two sets of pictures apart best, and its area under the curve."""
    of_train, of_validation = properties(train), properties(validation)
    areas = {name: _area(of_train[name], of_validation[name]) for name in of_train}
    best = max(areas, key=lambda name: areas[name])
    return best, areas[best]


def _area(a: Floats, b: Floats) -> float:
    """How often a number of one set is on its side of one of the other; 0.5 is by chance."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([a, b]))
    share = (ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2) / (len(a) * len(b))
    return float(max(share, 1 - share))

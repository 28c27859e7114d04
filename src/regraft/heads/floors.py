"""What needs no backbone at all. A classifier that does not beat these is no use.

At most 2,000 pictures are looked at, in the shares of their classes, so floors cost seconds
whatever the size of the data.
"""

import numpy as np

from regraft.adapt.channels import as_rgb
from regraft.adapt.resize import resize
from regraft.data.source import ImageSet, Pixels
from regraft.heads.choose_l2 import choose_head
from regraft.heads.solver import Examples
from regraft.heads.subsample import stratified_rows
from regraft.records import FloatArray, IntArray, Split

_MOST_TRAIN, _MOST_VALIDATION = 1_500, 500  # pictures
_SIDE = 32  # pixels; smaller pictures stay as they are


def floors(images: ImageSet, split: Split, *, seed: int) -> dict[str, float]:
    """Validation accuracy of classifiers on raw pixels, as fractions in [0, 1].

    The penalty of the linear one is chosen on the very pictures it is scored on: a floor errs
    upwards, if at all.

    Args:
        images: The pictures.
        split: Its training rows are learnt from, its validation rows are scored.
        seed: Of the samples.

    Returns:
        `majority_class`, `nearest_neighbour` and `raw_pixel_linear`.
    """
    train = _sampled(images, split.train, _MOST_TRAIN, seed)
    validation = _sampled(images, split.validation, _MOST_VALIDATION, seed)
    n_classes = len(images.class_names)
    # all training labels count here: they cost nothing
    most_common = np.bincount(images.labels[split.train], minlength=n_classes).argmax()
    linear = choose_head(train, validation, n_classes, refit=False, seed=seed)
    nearest = nearest_rows(train.features, validation.features)
    return {
        "majority_class": float(np.mean(images.labels[split.validation] == most_common)),
        "nearest_neighbour": float(np.mean(train.labels[nearest] == validation.labels)),
        "raw_pixel_linear": linear.validation_accuracy,
    }


def nearest_rows(known: FloatArray, asked: FloatArray) -> IntArray:
    """For every row of `asked` (m, d) the row number in `known` (n, d) at least distance."""
    # |a - b|^2 without |a|^2, which is the same for all candidates
    distances = np.square(known).sum(axis=1) - 2 * (asked @ known.T)
    nearest: IntArray = distances.argmin(axis=1)
    return nearest


def _sampled(images: ImageSet, rows: IntArray, at_most: int, seed: int) -> Examples:
    chosen = rows[stratified_rows(images.labels[rows], at_most, seed=seed)]
    return Examples(features=_raw_pixels(images, chosen), labels=images.labels[chosen])


def _raw_pixels(images: ImageSet, rows: IntArray) -> FloatArray:
    """(n, pixels) in [0, 255]; one channel only where all pictures are known to be gray."""
    shape = images.uniform_shape
    is_gray = shape is not None and shape[2] == 1
    height, width = (_SIDE, _SIDE) if shape is None else (min(s, _SIDE) for s in shape[:2])

    def raw(picture: Pixels) -> FloatArray:
        small = resize(picture, height=height, width=width)
        flat: FloatArray = (small if is_gray else as_rgb(small)).ravel()
        return flat

    return np.stack(images.each(rows, raw, reduce_to=_SIDE))

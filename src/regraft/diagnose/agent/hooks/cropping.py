"""Hooks on what cuts the middle out of pictures where it is meant to make them smaller."""

import functools
from typing import Any

import numpy as np

from regraft.adapt.resize import resize, resize_stack
from regraft.diagnose.agent import interventions, ledger, session, sites


def hook(tf: Any) -> None:
    """`tf.image.resize_with_crop_or_pad`: noted, and as a repair made smaller before it cuts."""
    original = tf.image.resize_with_crop_or_pad

    @functools.wraps(original)
    def cropped(image: Any, target_height: Any, target_width: Any) -> Any:
        site = sites.here()
        if site is None or session.SESSION.depth:
            return original(image, target_height, target_width)
        image = tf.convert_to_tensor(image)
        height, width = image.shape[-3], image.shape[-2]
        ledger.RECORD.event(
            "tf.image.resize_with_crop_or_pad", site, height=height, width=width,
            target=[_number(target_height), _number(target_width)],
        )  # fmt: skip
        if interventions.ACTIVE.at("resize-before-crop", site) is not None:
            image = _covering(tf, image, target_height, target_width)
        return original(image, target_height, target_width)

    # in a `map` AutoGraph would rewrite it with the function that calls it
    tf.image.resize_with_crop_or_pad = tf.autograph.experimental.do_not_convert(cropped)


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except TypeError:  # a tensor of a graph
        return None


def _covering(tf: Any, image: Any, height: Any, width: Any) -> Any:
    """The picture so large that what is left covers its shorter side; nothing grows."""
    covering = tf.numpy_function(_smaller, [image, height, width], image.dtype)
    covering.set_shape([*image.shape[:-3], None, None, image.shape[-1]])
    return covering


def _smaller(pictures: np.ndarray, height: int, width: int) -> np.ndarray:
    """One picture (h, w, c), or several of one size (n, h, w, c)."""
    h, w = pictures.shape[-3:-1]
    scale = max(height / h, width / w)
    if scale >= 1:
        return pictures
    change = resize if pictures.ndim == 3 else resize_stack
    smaller = change(pictures, height=round(h * scale), width=round(w * scale))
    is_whole = pictures.dtype.kind in "iu"
    return (np.rint(smaller) if is_whole else smaller).astype(pictures.dtype)

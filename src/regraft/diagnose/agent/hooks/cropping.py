"""Hooks on what cuts the middle out of pictures where it is meant to make them smaller."""

import functools
from typing import Any

import numpy as np

from regraft.adapt.resize import resize, resize_stack
from regraft.diagnose.agent import anatomy, augmentation, interventions, ledger, session, sites


def hook(tf: Any) -> None:
    """Ways of cutting: noted, and as a repair the whole picture is made smaller before."""
    import keras

    to_size, to_share = tf.image.resize_with_crop_or_pad, tf.image.central_crop
    transform = keras.layers.CenterCrop.transform_images

    @functools.wraps(to_size)
    def cropped(image: Any, target_height: Any, target_width: Any) -> Any:
        site = sites.here()
        if site is None or session.SESSION.depth:
            return to_size(image, target_height, target_width)
        image = tf.convert_to_tensor(image)
        target = [_number(target_height), _number(target_width)]
        _note("tf.image.resize_with_crop_or_pad", site, image, target=target)
        if interventions.ACTIVE.at("resize-before-crop", site) is not None:
            image = _covering(tf, image, target_height, target_width)
        return to_size(image, target_height, target_width)

    @functools.wraps(to_share)
    def cropped_to_share(image: Any, central_fraction: Any) -> Any:
        site = sites.here()
        if site is None or session.SESSION.depth:
            return to_share(image, central_fraction)
        image = tf.convert_to_tensor(image)
        share = None if hasattr(central_fraction, "graph") else float(central_fraction)
        _note("tf.image.central_crop", site, image, share=share)
        cut = to_share(image, central_fraction)
        if interventions.ACTIVE.at("resize-before-crop", site) is None:
            return cut
        size = tf.shape(cut)
        return _covering(tf, image, size[-3], size[-2], shape=cut.shape)

    @functools.wraps(transform)
    def cropped_in_model(self: Any, images: Any, *args: Any, **kwargs: Any) -> Any:
        site = anatomy.built_at(self)
        if site is None or self.data_format != "channels_last":
            return transform(self, images, *args, **kwargs)
        _note("CenterCrop", site, images, target=[self.height, self.width])
        if interventions.ACTIVE.at("resize-before-crop", site) is not None:
            images = _covering(tf, images, self.height, self.width)
        return transform(self, images, *args, **kwargs)

    # in a `map` AutoGraph would rewrite them with the function that calls them
    as_it_is = tf.autograph.experimental.do_not_convert
    for name in ("random_crop", "stateless_random_crop"):
        setattr(tf.image, name, as_it_is(_cut_at_random(tf, getattr(tf.image, name))))
    tf.image.resize_with_crop_or_pad = as_it_is(cropped)
    tf.image.central_crop = as_it_is(cropped_to_share)
    keras.layers.CenterCrop.transform_images = as_it_is(cropped_in_model)


def _cut_at_random(tf: Any, original: Any) -> Any:
    """A random piece: with random changes switched off, the whole picture as small as that."""

    @functools.wraps(original)
    def cut(value: Any, size: Any, *args: Any, **kwargs: Any) -> Any:
        piece = original(value, size, *args, **kwargs)
        image = tf.convert_to_tensor(value)
        if image.shape.rank not in (3, 4):
            return piece
        return augmentation.unless_off(
            tf,
            lambda: piece,
            lambda: _covering(tf, image, size[-3], size[-2], shape=piece.shape),
        )

    return cut


def _note(what: str, site: dict[str, Any], image: Any, **facts: Any) -> None:
    height, width = image.shape[-3], image.shape[-2]
    ledger.RECORD.event(what, site, height=height, width=width, **facts)


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except TypeError:  # a tensor of a graph
        return None


def _covering(tf: Any, image: Any, height: Any, width: Any, shape: Any = None) -> Any:
    """The picture so large that what is left covers its shorter side; nothing grows.

    Of exactly this height and width where their static `shape` is given, and without a cut after.
    """
    make = _smaller if shape is None else _fitted
    covering = tf.numpy_function(make, [image, height, width], image.dtype)
    covering.set_shape([*image.shape[:-3], None, None, image.shape[-1]])
    return covering if shape is None else tf.ensure_shape(covering, shape)


def _smaller(pictures: np.ndarray, height: int, width: int) -> np.ndarray:
    """One picture (h, w, c), or several of one size (n, h, w, c)."""
    h, w = pictures.shape[-3:-1]
    scale = max(height / h, width / w)
    return pictures if scale >= 1 else _fitted(pictures, round(h * scale), round(w * scale))


def _fitted(pictures: np.ndarray, height: int, width: int) -> np.ndarray:
    """The same pictures of this size, and of their own type."""
    change = resize if pictures.ndim == 3 else resize_stack
    fitted = change(pictures, height=int(height), width=int(width))
    is_whole = pictures.dtype.kind in "iu"
    return (np.rint(fitted) if is_whole else fitted).astype(pictures.dtype)

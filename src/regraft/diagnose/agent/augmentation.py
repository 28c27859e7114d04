"""Random changes to pictures: a switch that turns them off while a part is read or trained.

Layers and functions that change pictures at random ask the switch, and so do the draws that a
function of the script's own makes in a tf.data `map`: off, they give what changes least. Inside a
`map` the switch is a TensorFlow variable, so that a graph that was traced long ago still obeys it.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from regraft.diagnose.agent import anatomy, draws, interventions

GENERATORS: list[Any] = []  # every ImageDataGenerator the script built
DRAWS = ("uniform", "normal", "truncated_normal", "stateless_uniform", "stateless_normal",
         "stateless_truncated_normal")  # fmt: skip
_IN_MAP = 0
_asked = 0  # how often anything has asked the switch
_ON: Any = None  # tf.Variable, made when first needed
_python_on = True


@contextlib.contextmanager
def inside_map() -> Iterator[Callable[[], bool]]:
    """While a data set's function is traced; gives what tells whether it changes at random."""
    global _IN_MAP
    before = _asked
    _IN_MAP += 1
    try:
        yield lambda: _asked > before
    finally:
        _IN_MAP -= 1


@contextlib.contextmanager
def switched_off() -> Iterator[None]:
    """Pictures stay as they are inside this block."""
    global _python_on
    _python_on = False
    if _ON is not None:
        _ON.assign(False)
    saved = [(g, {k: getattr(g, k) for k in g._regraft_augmenting}) for g in GENERATORS]
    for generator in GENERATORS:
        _still(generator)
    try:
        with draws.stilled():
            yield
    finally:
        _python_on = True
        if _ON is not None:
            _ON.assign(True)
        for generator, values in saved:
            for name, value in values.items():
                setattr(generator, name, value)


def _still(generator: Any) -> None:
    generator.rotation_range = generator.shear_range = generator.channel_shift_range = 0
    generator.width_shift_range = generator.height_shift_range = 0
    generator.zoom_range = [1, 1]
    generator.brightness_range = None
    generator.horizontal_flip = generator.vertical_flip = False


def is_unwanted(part: str) -> bool:
    """Does a repair leave random changes out of this part?"""
    dropped = interventions.ACTIVE.all("drop-augmentation")
    return any(parameters["part"] == part for parameters in dropped)


def wanted_off(part: str) -> contextlib.AbstractContextManager[None]:
    """Off for this part if a repair says so."""
    return switched_off() if is_unwanted(part) else contextlib.nullcontext()


def is_left_out(layer: Any, *, in_training: bool) -> bool:
    """Is a layer of the script's own, known to be random, to pass pictures on as they are?"""
    if not _python_on:
        return True
    return not in_training and anatomy.is_always_random(layer) and is_unwanted("validation")


def hook_tensorflow(tf: Any) -> None:
    """`tf.image.random_*` and Keras's random layers ask the switch."""
    import keras

    names = [n for n in dir(tf.image) if n.startswith(("random_", "stateless_random_"))]
    for name in names:
        if "crop" not in name:  # a crop also sets the size
            original = getattr(tf.image, name)
            setattr(tf.image, name, _switched(tf, original))
    hook_draws(tf)
    for name in dir(keras.layers):
        kind: Any = getattr(keras.layers, name)
        changes_pictures = name.startswith(anatomy.RANDOM_LAYERS) and "Dropout" not in name
        if isinstance(kind, type) and changes_pictures:
            switched = _switched_crop if name == "RandomCrop" else _switched_layer
            setattr(kind, "call", switched(tf, getattr(kind, "call")))  # noqa: B009, B010


def hook_draws(tf: Any) -> None:
    """`tf.random.uniform` and its like ask the switch in a `map`."""
    for place in (tf.random, tf.random.Generator):
        for name in DRAWS:
            if hasattr(place, name):
                setattr(place, name, _switched_draw(tf, getattr(place, name)))


def _switched(tf: Any, original: Any) -> Any:
    @functools.wraps(original)
    def changed(image: Any, *args: Any, **kwargs: Any) -> Any:
        return _either(tf, image, lambda: original(image, *args, **kwargs))

    return changed


def _switched_layer(tf: Any, original: Any) -> Any:
    @functools.wraps(original)
    def call(self: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(data, dict):
            return original(self, data, *args, **kwargs)
        return _either(tf, data, lambda: original(self, data, *args, **kwargs))

    return call


def _switched_crop(tf: Any, original: Any) -> Any:
    """A crop also sets the size: off, it does what it does in inference."""

    @functools.wraps(original)
    def call(self: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(data, dict):
            return original(self, data, *args, **kwargs)
        return unless_off(
            tf,
            lambda: original(self, data, *args, **kwargs),
            lambda: original(self, data, training=False),
        )

    return call


def _switched_draw(tf: Any, original: Any) -> Any:
    """A draw in a `map`: off, it gives the middle of the range, or the whole number next to 0.

    Amounts are drawn around what changes nothing, whole numbers count from it.
    """
    arguments = inspect.signature(original)

    @functools.wraps(original)
    def drawn(*args: Any, **kwargs: Any) -> Any:
        values = original(*args, **kwargs)
        if not _IN_MAP:
            return values
        given = arguments.bind(*args, **kwargs)
        given.apply_defaults()
        still = tf.cast(_stillest(given.arguments, values.dtype.is_integer), values.dtype)
        return tf.where(_switch(tf), values, tf.zeros_like(values) + still)

    return drawn


def _stillest(given: Mapping[str, Any], is_whole: bool) -> Any:
    """What a draw with these arguments gives that changes least."""
    if "mean" in given:
        return given["mean"]
    low, high = given["minval"], given["maxval"]
    if low is None:  # whole numbers of all sizes
        return 0
    if is_whole:
        known = isinstance(low, int) and isinstance(high, int)
        return int(draws.whole(low, high)) if known else low
    return (low + (1.0 if high is None else high)) / 2


def unless_off(tf: Any, change: Callable[[], Any], still: Callable[[], Any]) -> Any:
    """What `change` gives; where the switch is off, what `still` does, computed only then."""
    if not _IN_MAP:
        return change() if _python_on else still()
    # outside of the branches: two draws in branches of their own would be the same
    changed = change()
    return tf.cond(_switch(tf), lambda: changed, still)


def _either(tf: Any, image: Any, change: Any) -> Any:
    """The picture as `change` makes it; where the switch is off, as it is."""
    if not _IN_MAP:
        return change() if _python_on else image
    plain = tf.convert_to_tensor(image)
    return unless_off(tf, lambda: tf.cast(change(), plain.dtype), lambda: plain)


def _switch(tf: Any) -> Any:
    """The switch as a variable, for graphs."""
    global _ON, _asked
    _asked += 1
    if _ON is None:
        with tf.init_scope():
            _ON = tf.Variable(_python_on, trainable=False)
    return _ON

"""Hooks on data sets: folders of pictures, generators, steps of tf.data."""

import contextlib
import functools
import importlib
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePath
from typing import Any

from regraft.diagnose.agent import (
    augmentation,
    interventions,
    ledger,
    listing,
    session,
    shuffling,
    sites,
)
from regraft.diagnose.agent.hooks import attach, cropping

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")  # that Keras takes from a folder
ASKED = 5  # files, for the size of pictures


def hook_folders() -> None:
    """Pictures read from folders by Keras."""
    import keras

    original = keras.utils.image_dataset_from_directory

    @functools.wraps(original)
    def from_directory(*args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        named = attach.named(original, *args, **kwargs)
        named |= interventions.ACTIVE.arguments("image_dataset_from_directory", site)
        if isinstance(named.get("labels"), list | tuple):  # Keras itself refuses anything else
            names = _files_of(named["directory"])
            named["labels"] = listing.given_by_number(names, named["labels"], site)
        with _one_order(site):
            result = original(**named)
        first = result[0] if isinstance(result, tuple | list) else result
        ledger.RECORD.event(
            "image_dataset_from_directory", site,
            class_names=list(getattr(first, "class_names", None) or ()),
            directory=str(named.get("directory")), subset=named.get("subset"),
            shuffle=bool(named.get("shuffle", True)), label_mode=named.get("label_mode", "int"),
            image_size=attach.plain(named.get("image_size", (256, 256))),
            picture_sizes=_sizes_of(getattr(first, "file_paths", None)),
        )  # fmt: skip
        return result

    attach.everywhere(original, from_directory)
    generator = getattr(keras, "legacy", None)
    generator = getattr(getattr(generator, "preprocessing", None), "image", None)
    if generator is None:
        try:
            generator = importlib.import_module("keras.src.legacy.preprocessing.image")
        except ImportError:
            return
    _hook_generator(generator.ImageDataGenerator)


@contextlib.contextmanager
def _one_order(site: dict[str, Any] | None) -> Iterator[None]:
    """As a repair: what is built here draws no other order at each pass."""
    if interventions.ACTIVE.at("keep-order", site) is None:
        yield
        return
    import tensorflow as tf

    owner = next(kind for kind in tf.data.Dataset.__mro__ if "shuffle" in vars(kind))
    shuffle = owner.shuffle
    owner.shuffle = lambda self, *_, **__: self
    try:
        yield
    finally:
        owner.shuffle = shuffle


def _files_of(directory: Any) -> list[str]:
    """The names of the pictures of a folder, as Keras lists them for a list of labels."""
    return [
        str(PurePath(folder, name).relative_to(directory))
        for folder, _, files in sorted(os.walk(directory))
        for name in sorted(files)
        if PurePath(name).suffix.lower() in PICTURES
    ]


def _sizes_of(paths: Sequence[str] | None) -> list[list[int]]:
    """Height and width of a few picture files."""
    import keras

    sizes = []
    for path in list(paths or ())[:ASKED]:
        with contextlib.suppress(Exception):  # the script's own reading will say what is wrong
            width, height = keras.utils.load_img(path).size
            sizes.append([height, width])
    return sizes


#: Arguments that make pictures change, and their values that do not.
AUGMENTING = {"rotation_range": 0, "width_shift_range": 0.0, "height_shift_range": 0.0,
              "brightness_range": None, "shear_range": 0.0, "zoom_range": 0.0,
              "channel_shift_range": 0.0, "horizontal_flip": False,
              "vertical_flip": False}  # fmt: skip


def _hook_generator(kind: Any) -> None:
    init = kind.__init__

    @attach.wraps(init)
    def built(self: Any, *args: Any, **kwargs: Any) -> None:
        used = {k: kwargs[k] for k in AUGMENTING if kwargs.get(k)}
        if used:
            ledger.RECORD.event("augmentation", layer="ImageDataGenerator", arguments=used)
        init(self, *args, **kwargs)
        if self.rescale:
            ledger.RECORD.event("rescaling", scale=float(self.rescale), offset=0.0)
        self._regraft_augmenting = {k: getattr(self, k, v) for k, v in AUGMENTING.items()}
        augmentation.GENERATORS.append(self)

    kind.__init__ = built
    for name in ("flow_from_directory", "flow_from_dataframe", "flow"):
        original = getattr(kind, name)

        def flow(
            self: Any, *args: Any, _name: str = name, _original: Any = original, **kw: Any
        ) -> Any:
            site = sites.here()
            kw |= interventions.ACTIVE.arguments(_name, site)
            result = _original(self, *args, **kw)
            ledger.RECORD.event(_name, site, shuffle=bool(kw.get("shuffle", True)),
                                class_indices=dict(getattr(result, "class_indices", {})),
                                directory=str(getattr(result, "directory", None) or ""),
                                image_size=attach.plain(getattr(result, "target_size", None)),
                                picture_sizes=_sizes_of(getattr(result, "filepaths", None)),
                                subset=kw.get("subset"))  # fmt: skip
            return result

        setattr(kind, name, functools.wraps(original)(flow))


def _hook_shuffles() -> None:
    import keras
    import tensorflow as tf

    of_tensors = {"tf.random.shuffle": tf.random, "keras.random.shuffle": keras.random}
    for what, module in of_tensors.items():
        original = module.shuffle
        call = functools.partial(shuffling.shuffled_tensor, original, what)
        attach.everywhere(original, functools.wraps(original)(call))


def hook_tensorflow() -> None:
    """Steps of tf.data, random image functions, and training loops written by hand."""
    import tensorflow as tf

    kinds = {
        tf.data.Dataset,
        *(c for c in tf.data.Dataset.__mro__ if c.__module__.startswith("tensorflow.python.data")),
    }
    for name in ("map", "shuffle", "batch", "cache", "take", "skip", "repeat", "shard", "unbatch"):
        for kind in kinds:
            if name in vars(kind):
                setattr(kind, name, _dataset_step(getattr(kind, name), name))
    _hook_list_files(kinds)
    _hook_loops(tf)
    augmentation.hook_tensorflow(tf)
    listing.hook_tensorflow(tf)
    cropping.hook(tf)
    for name in ("MirroredStrategy", "OneDeviceStrategy", "MultiWorkerMirroredStrategy"):
        # a replay has one device: variables spread over several cannot be read from outside
        getattr(tf.distribute, name).__new__ = lambda *_, **__: tf.distribute.get_strategy()
    _hook_shuffles()


def _hook_loops(tf: Any) -> None:
    """Training loops written by hand: an optimiser that is told gradients outside of `fit`.

    Tapes are entered for pictures of what a network looks at, too; their line is the loop's.
    """
    enter = tf.GradientTape.__enter__

    @functools.wraps(enter)
    def entered(self: Any) -> Any:
        if session.SESSION.depth == 0:
            session.SESSION.tape_site = sites.here()
        return enter(self)

    tf.GradientTape.__enter__ = entered
    kind = importlib.import_module("keras.src.optimizers.base_optimizer").BaseOptimizer
    apply = kind.apply

    @functools.wraps(apply)
    def applied(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.SESSION.depth == 0:
            ledger.RECORD.event("custom-training-loop", session.SESSION.tape_site)
        return apply(self, *args, **kwargs)

    kind.apply = applied


def _hook_list_files(kinds: Collection[Any]) -> None:
    """`list_files` shuffles the names unless it is told not to."""
    for kind in kinds:
        if "list_files" not in vars(kind):
            continue
        original = kind.list_files

        @functools.wraps(original)
        def list_files(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            site = sites.here()
            named = attach.named(_original, *args, **kwargs)
            named |= interventions.ACTIVE.arguments("tf.data.list_files", site)
            shuffle = named.get("shuffle")
            ledger.RECORD.event("tf.data.list_files", site, shuffle=shuffle is None or shuffle)
            return _original(**named)

        kind.list_files = staticmethod(list_files)


def _dataset_step(original: Any, name: str) -> Any:
    what = f"tf.data.{name}"

    @functools.wraps(original)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        if site is None or session.SESSION.depth:
            return original(self, *args, **kwargs)
        if interventions.ACTIVE.dropped(what, site):
            return self
        changes = interventions.ACTIVE.arguments(what, site)
        if changes:
            named = attach.named(original, self, *args, **kwargs)
            del named["self"]
            args, kwargs = (), named | changes
        first = args[0] if args else None
        named = {k: attach.plain(v) for k, v in kwargs.items() if not callable(v)}
        given = attach.plain(first) if not callable(first) else None
        if name == "shuffle":
            named["alone"] = not isinstance(self.element_spec, tuple | dict)
        if name in ("take", "skip"):
            named |= {"of": id(self), "of_elements": _n_elements(self)}
        if name != "map":
            ledger.RECORD.event(what, site, arg=given, **named)
            return original(self, *args, **kwargs)
        with augmentation.inside_map() as is_random:
            mapped = original(self, *args, **kwargs)
        if is_random():
            ledger.RECORD.event("augmentation", site, layer="tf.data.map")
        ledger.RECORD.event(what, site, arg=given, **named, is_pairs=_are_pairs(self, mapped))
        return mapped

    return step


def _n_elements(dataset: Any) -> int:
    """-2 where it is not known, as inside the function of an `interleave`."""
    try:
        return int(dataset.cardinality())
    except TypeError:  # symbolic
        return -2


def _are_pairs(before: Any, after: Any) -> bool:
    """Pictures with labels that a step takes and gives alike, so that it could be left out?"""
    kinds = [
        [(part.dtype, str(part.shape)) for part in held.element_spec]
        if isinstance(held.element_spec, tuple)
        and all(hasattr(part, "dtype") for part in held.element_spec)
        else []
        for held in (before, after)
    ]
    return len(kinds[0]) >= 2 and kinds[0] == kinds[1]

"""Hooks on the libraries a training script calls: each notes the call and does as it was told.

Hooks call the original; a repair keyed to the line may change arguments, leave the call out or
replace its result.
"""

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    augmentation,
    boundary,
    compiling,
    feeds,
    fitting,
    interventions,
    ledger,
    operators,
    scored,
    scoring,
    session,
    sites,
)


def everywhere(original: Any, replacement: Any) -> None:
    """Put a replacement wherever a loaded module of Keras or TensorFlow names the original."""
    for module in list(sys.modules.values()):
        name = getattr(module, "__name__", "")
        if name.startswith(("keras", "tensorflow", "tf_keras", "regraft.backbones")):
            for key, value in list(vars(module).items()):
                if value is original:
                    setattr(module, key, replacement)


def wraps(original: Any) -> Callable[[Any], Any]:
    """`functools.wraps` that also shows the original's signature: Keras reads it from `__init__`."""

    def decorate(replacement: Any) -> Any:
        replacement = functools.wraps(original)(replacement)
        replacement.__signature__ = inspect.signature(original)
        return replacement

    return decorate


def hook_numpy() -> None:
    """`np.resize`, `np.reshape` and shuffles by name."""
    resize, reshape = np.resize, np.reshape
    np.resize = lambda a, new_shape: operators.resized(resize, a, new_shape)

    @functools.wraps(reshape)
    def reshaped(a: Any, *args: Any, **kwargs: Any) -> Any:
        return operators.reshaped("numpy.reshape", a, lambda x: reshape(x, *args, **kwargs))

    np.reshape = reshaped
    for name in ("shuffle", "permutation"):
        original = getattr(np.random, name)

        def call(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            return operators.shuffled(_original, args, kwargs)

        setattr(np.random, name, call)


def hook_keras() -> None:
    """Models, layers, backbones, `preprocess_input`, folders of pictures."""
    import keras

    methods = {"compile": compiling.compile_model, "fit": fitting.fit,
               "evaluate": scored.evaluate, "predict": scored.predict}  # fmt: skip
    for name, replacement in methods.items():
        original = getattr(keras.Model, name)
        session.SESSION.original[name] = original
        setattr(keras.Model, name, functools.wraps(original)(_method(replacement)))
    keras.Model.load_weights = _load_weights(keras.Model.load_weights)
    _hook_layers(keras)
    _hook_backbones(keras)
    _hook_folders(keras)


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if function is fitting.fit:
            return function(self, **_named(session.SESSION.original["fit"], self, args, kwargs))
        return function(self, *args, **kwargs)

    return method


def _named(original: Any, self: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """Every argument by its name."""
    bound = inspect.signature(original).bind_partial(self, *args, **kwargs).arguments
    return {k: v for k, v in bound.items() if k != "self"}


def _load_weights(original: Any) -> Any:
    @functools.wraps(original)
    def load_weights(self: Any, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        if site is not None and interventions.ACTIVE.one("load-imagenet-weights") is not None:
            return None
        before = [np.array(w.value) for w in self.weights]
        result = original(self, *args, **kwargs)
        changed = sum(
            not np.array_equal(old, np.asarray(new.value))
            for old, new in zip(before, self.weights, strict=False)
        )
        ledger.RECORD.event(
            "load_weights", site, matched=changed, total=len(before),
            by_name=bool(kwargs.get("by_name")), skip_mismatch=bool(kwargs.get("skip_mismatch")),
        )  # fmt: skip
        return result

    return load_weights


def _hook_layers(keras: ModuleType) -> None:
    layer_init, callback_init = keras.layers.Layer.__init__, keras.callbacks.Callback.__init__

    @wraps(layer_init)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        layer_init(self, *args, **kwargs)
        anatomy.note_layer(self)
        if anatomy.is_random(self) and "Dropout" not in type(self).__name__:
            ledger.RECORD.event("augmentation", layer=type(self).__name__)

    @wraps(callback_init)
    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        callback_init(self, *args, **kwargs)
        anatomy.note_layer(self)

    keras.layers.Layer.__init__ = init
    keras.callbacks.Callback.__init__ = noted
    for name in ("Dense", "Activation", "Conv2D", "Dropout", "BatchNormalization",
                 "Rescaling", "Normalization"):  # fmt: skip
        _hook_constructor(getattr(keras.layers, name), name)
    for name in ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau"):
        _hook_constructor(getattr(keras.callbacks, name), name)
    if interventions.ACTIVE.one("pool-features") is not None:
        flatten = keras.layers.Flatten
        flatten.__new__ = lambda _, *args, **kwargs: (
            keras.layers.GlobalAveragePooling2D()
            if sites.here() is not None
            else object.__new__(flatten)
        )
    call = keras.layers.Layer.__call__

    @functools.wraps(call)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        for base in anatomy.BASES if "training" in kwargs and session.SESSION.depth == 0 else ():
            if base["model"] is self:
                base["called_with_training"] = kwargs["training"]
                if interventions.ACTIVE.one("call-backbone-in-inference") is not None:
                    kwargs["training"] = False
        return call(self, *args, **kwargs)

    keras.layers.Layer.__call__ = called


def _hook_constructor(kind: Any, name: str) -> None:
    original = kind.__init__

    @wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        site = sites.here()
        if site is not None:
            changes = interventions.ACTIVE.arguments(name, site)
            changes |= _as_output(name, site)
            if changes:
                bound = inspect.signature(original).bind_partial(self, *args, **kwargs).arguments
                extra = bound.pop("kwargs", {})
                args, kwargs = (), {**bound, **extra, **changes}
                kwargs.pop("self", None)
            if name == "Rescaling":
                ledger.RECORD.event("rescaling", site, arguments=[repr(a) for a in args]
                                    + [f"{k}={v!r}" for k, v in kwargs.items()])  # fmt: skip
        original(self, *args, **kwargs)

    kind.__init__ = init


def _as_output(name: str, site: dict[str, Any]) -> dict[str, Any]:
    """Changes that make the layer built here the output that a repair asks for."""
    wanted = interventions.ACTIVE.one("set-output")
    if wanted is None or wanted.get("file") != site["file"]:
        return {}
    if name == "Dense" and wanted.get("line") == site["line"]:
        separate = wanted.get("activation_line") not in (None, wanted.get("line"))
        chosen = {} if separate else {"activation": wanted["activation"]}
        return {"units": wanted["units"], **chosen}
    if name == "Activation" and wanted.get("activation_line") == site["line"]:
        return {"activation": wanted["activation"]}
    if name == "Dropout" and wanted.get("activation_line") == site["line"]:
        return {"rate": 0.0}
    return {}


def _hook_backbones(keras: ModuleType) -> None:
    import pkgutil

    for info in pkgutil.iter_modules(keras.applications.__path__):
        module = importlib.import_module(f"keras.applications.{info.name}")
        original = getattr(module, "preprocess_input", None)
        if original is not None:
            everywhere(original, _preprocess(original, info.name))
    done: set[int] = set()
    for name, builder in list(vars(keras.applications).items()):
        if name[:1].isupper() and callable(builder) and id(builder) not in done:
            done.add(id(builder))
            everywhere(builder, _builder(builder, name))
    after_import("regraft.backbones.efficientnet_lite", _hook_lite)


def _hook_lite(module: ModuleType) -> None:
    module.EfficientNetLite0 = _builder(  # type: ignore[attr-defined]
        module.EfficientNetLite0, "EfficientNetLite0"
    )


def _builder(original: Any, name: str) -> Any:
    @functools.wraps(original)
    def build(*args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        if site is None or session.SESSION.depth:
            return original(*args, **kwargs)
        named = dict(inspect.signature(original).bind_partial(*args, **kwargs).arguments)
        named |= named.pop("kwargs", {})
        named |= interventions.ACTIVE.arguments("backbone", site)
        if interventions.ACTIVE.one("load-imagenet-weights") is not None:
            named["weights"] = "imagenet"
        with session.inside():
            model = original(**named)
        weights = named.get("weights", "imagenet")
        kind = "none" if weights is None else ("imagenet" if weights == "imagenet" else "file")
        anatomy.BASES.append({
            "name": name, "model": model, "site": site, "weights": kind,
            "ids": {id(layer) for layer in anatomy.flat_layers(model)},
        })  # fmt: skip
        boundary.watch(model)
        ledger.RECORD.event("backbone", site, name=name, weights=kind,
                            include_top=bool(named.get("include_top", True)),
                            input_shape=_plain(named.get("input_shape")))  # fmt: skip
        return model

    return build


def _preprocess(original: Any, module: str) -> Any:
    @functools.wraps(original)
    def preprocess_input(x: Any, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        facts: dict[str, Any] = {"module": module}
        if isinstance(x, np.ndarray) and x.size:
            some = x[:16]
            facts |= {"in_dtype": str(x.dtype), "in_low": float(some.min()),
                      "in_high": float(some.max()), "in_place": x.dtype.kind == "f"}  # fmt: skip
        if interventions.ACTIVE.dropped("preprocess_input", site):
            return x
        ledger.RECORD.event("preprocess_input", site, **facts)
        return original(x, *args, **kwargs)

    return preprocess_input


def _hook_folders(keras: ModuleType) -> None:
    original = keras.utils.image_dataset_from_directory

    @functools.wraps(original)
    def from_directory(*args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        named = dict(inspect.signature(original).bind_partial(*args, **kwargs).arguments)
        named |= interventions.ACTIVE.arguments("image_dataset_from_directory", site)
        result = original(**named)
        first = result[0] if isinstance(result, tuple | list) else result
        ledger.RECORD.event(
            "image_dataset_from_directory", site, class_names=list(getattr(first, "class_names", ())),
            directory=str(named.get("directory")), subset=named.get("subset"),
            shuffle=bool(named.get("shuffle", True)), label_mode=named.get("label_mode", "int"),
            image_size=_plain(named.get("image_size", (256, 256))),
            picture_sizes=_sizes_of(list(getattr(first, "file_paths", ()))[:5]),
        )  # fmt: skip
        return result

    everywhere(original, from_directory)
    generator = getattr(keras, "legacy", None)
    generator = getattr(getattr(generator, "preprocessing", None), "image", None)
    if generator is None:
        try:
            generator = importlib.import_module("keras.src.legacy.preprocessing.image")
        except ImportError:
            return
    _hook_generator(generator.ImageDataGenerator)


def _sizes_of(paths: list[str]) -> list[list[int]]:
    """Height and width of a few picture files."""
    import keras

    sizes = []
    for path in paths:
        try:
            width, height = keras.utils.load_img(path).size
        except Exception:  # noqa: BLE001 - the script's own reading will say what is wrong
            continue
        sizes.append([height, width])
    return sizes


AUGMENTING = {"rotation_range": 0, "width_shift_range": 0.0, "height_shift_range": 0.0,
              "brightness_range": None, "shear_range": 0.0, "zoom_range": 0.0,
              "channel_shift_range": 0.0, "horizontal_flip": False, "vertical_flip": False}  # fmt: skip


def _hook_generator(kind: Any) -> None:
    init = kind.__init__

    @wraps(init)
    def built(self: Any, *args: Any, **kwargs: Any) -> None:
        used = {k: kwargs[k] for k in AUGMENTING if kwargs.get(k)}
        if used:
            ledger.RECORD.event("augmentation", layer="ImageDataGenerator", arguments=used)
        init(self, *args, **kwargs)
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
                                subset=kw.get("subset"))  # fmt: skip
            return result

        setattr(kind, name, functools.wraps(original)(flow))


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
    enter = tf.GradientTape.__enter__

    @functools.wraps(enter)
    def entered(self: Any) -> Any:
        if session.SESSION.depth == 0 and sites.here() is not None:
            ledger.RECORD.event("custom-training-loop")
        return enter(self)

    tf.GradientTape.__enter__ = entered
    augmentation.hook_tensorflow(tf)


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
            bound = inspect.signature(original).bind_partial(self, *args, **kwargs).arguments
            args, kwargs = (), {**{k: v for k, v in bound.items() if k != "self"}, **changes}
        first = args[0] if args else None
        ledger.RECORD.event(what, site, arg=_plain(first) if not callable(first) else None,
                            **{k: _plain(v) for k, v in kwargs.items() if not callable(v)})  # fmt: skip
        if name != "map":
            return original(self, *args, **kwargs)
        with augmentation.inside_map():
            return original(self, *args, **kwargs)

    return step


def hook_scikit_learn() -> None:
    """Scores and splits by scikit-learn, whenever it is imported."""
    after_import("sklearn.metrics._classification", _hook_metrics)
    after_import("sklearn.model_selection._split", _hook_split)
    after_import("sklearn.base", _hook_estimators)


def _hook_metrics(module: ModuleType) -> None:
    for name in ("accuracy_score", "confusion_matrix", "classification_report"):
        original = getattr(module, name)

        def metric(
            y_true: Any, y_pred: Any, *args: Any, _original: Any = original, **kw: Any
        ) -> Any:
            scoring.compared(y_pred, y_true, sites.here(), by="sklearn")
            return _original(y_true, y_pred, *args, **kw)

        setattr(module, name, functools.wraps(original)(metric))


def _hook_split(module: ModuleType) -> None:
    original = module.train_test_split

    @functools.wraps(original)
    def train_test_split(*arrays: Any, **kwargs: Any) -> Any:
        site = sites.here()
        kwargs |= interventions.ACTIVE.arguments("train_test_split", site)
        ledger.RECORD.event("train_test_split", site, n_arrays=len(arrays),
                            shuffle=bool(kwargs.get("shuffle", True)),
                            stratify=kwargs.get("stratify") is not None)  # fmt: skip
        return original(*arrays, **kwargs)

    module.train_test_split = train_test_split  # type: ignore[attr-defined]


def _hook_estimators(module: ModuleType) -> None:
    original = module.ClassifierMixin.score

    @functools.wraps(original)
    def score(self: Any, X: Any, y: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N803 - scikit-learn's own names
        site = sites.here()
        keep = _computed_rows(X)
        if keep is not None:
            X, y = np.asarray(X)[keep], np.asarray(y)[keep]
        result = original(self, X, y, *args, **kwargs)
        if site is not None:
            ledger.RECORD.scores.append({"by": "sklearn", "site": site, "claimed": float(result),
                                         "honest": float(result), "n": len(y)})  # fmt: skip
        return result

    module.ClassifierMixin.score = score
    context = module._fit_context

    def fit_context(*args: Any, **kwargs: Any) -> Any:
        decorate = context(*args, **kwargs)

        def decorated(fit: Any) -> Any:
            inner = decorate(fit)

            @functools.wraps(inner)
            def outer(self: Any, X: Any, *rest: Any, **kw: Any) -> Any:  # noqa: N803
                site = sites.here()
                if site is not None and rest and np.ndim(X) == 2:
                    keep = _computed_rows(X)
                    if keep is not None:
                        X, rest = np.asarray(X)[keep], (np.asarray(rest[0])[keep], *rest[1:])
                    _note_estimator(self, X, rest[0], site)
                return inner(self, X, *rest, **kw)

            return outer

        return decorated

    module._fit_context = fit_context  # type: ignore[attr-defined]


def _note_estimator(estimator: Any, x: Any, y: Any, site: Any) -> None:
    labels = feeds.label_indices(np.asarray(y))
    number = len(ledger.RECORD.facts.setdefault("estimators", []))
    ledger.RECORD.facts["estimators"].append(
        {"class": type(estimator).__name__, "site": site, "n": len(labels), "number": number}
    )
    if labels.dtype.kind in "iufb":
        ledger.RECORD.arrays[f"estimator{number}_labels"] = labels


def _computed_rows(x: Any) -> np.ndarray | None:
    """Rows that a sampled `predict` did compute, None if all were."""
    array = np.asarray(x)
    if array.ndim != 2 or array.dtype.kind != "f" or not session.SESSION.partial:
        return None
    fine = ~np.isnan(array[:, 0])
    return None if fine.all() else np.flatnonzero(fine)


def hook_opencv() -> None:
    """Channel order by OpenCV, whenever it is imported."""
    after_import("cv2", _hook_cv2)


def _hook_cv2(module: ModuleType) -> None:
    read, convert = module.imread, module.cvtColor

    def imread(*args: Any, **kwargs: Any) -> Any:
        ledger.RECORD.event("cv2.imread")
        return read(*args, **kwargs)

    def cvt_color(source: Any, code: int, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        ledger.RECORD.event("cv2.cvtColor", site, code=int(code))
        return convert(source, code, *args, **kwargs)

    module.imread, module.cvtColor = imread, cvt_color  # type: ignore[attr-defined]


_WAITING: dict[str, Callable[[ModuleType], None]] = {}


def after_import(name: str, action: Callable[[ModuleType], None]) -> None:
    """Do something to a module as soon as it is there, before the script sees it."""
    if name in sys.modules:
        action(sys.modules[name])
        return
    if not _WAITING:
        sys.meta_path.insert(0, _AfterImport())
    _WAITING[name] = action


class _AfterImport(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _WAITING:
            return None
        action = _WAITING.pop(name)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            action(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, np.generic):
        return value.item()
    return type(value).__name__

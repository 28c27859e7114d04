"""Hooks on Keras: models, layers, callbacks, weights."""

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from regraft.diagnose.agent import (
    anatomy,
    augmentation,
    compiling,
    fitting,
    interventions,
    ledger,
    scored,
    scoring,
    session,
    shown,
    sites,
)
from regraft.diagnose.agent.hooks import attach


def hook() -> None:
    """What is built, compiled, trained and scored, and which weights are loaded into it."""
    import keras

    methods: dict[str, Callable[..., Any]] = {
        "compile": compiling.compile_model,
        "fit": fitting.fit,
        "evaluate": scored.evaluate,
        "predict": scored.predict,
        "predict_on_batch": scored.predict_on_batch,
    }
    for name, replacement in methods.items():
        # on the class that defines it: `load_model` does not compile what overrides `compile`
        owner = next(kind for kind in keras.Model.__mro__ if name in vars(kind))
        original = getattr(owner, name)
        session.SESSION.original[name] = original
        setattr(owner, name, _method(original, replacement))
    keras.Model.load_weights = _load_weights(keras.Model.load_weights)
    for name in ("save", "save_weights"):
        setattr(keras.Model, name, _saving(getattr(keras.Model, name)))
    keras.layers.Layer.set_weights = _set_weights(keras.layers.Layer.set_weights)
    _hook_layers(keras)
    for name, kind in list(vars(keras.metrics).items()):
        if name.endswith("Accuracy") and hasattr(kind, "result"):
            kind.result = _result(kind.result)


def _result(original: Any) -> Callable[..., Any]:
    """What a metric object says where the script itself asks it."""

    @functools.wraps(original)
    def result(self: Any) -> Any:
        value = original(self)
        if session.SESSION.depth == 0:
            ledger.RECORD.attempt("a metric", scoring.summed_up, self, value, sites.directly())
        return value

    return result


def _method(original: Any, replacement: Callable[..., Any]) -> Callable[..., Any]:
    """The replacement, given every argument by its name, wherever the script itself calls."""

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.SESSION.depth:  # Keras and this agent talk among themselves
            return original(self, *args, **kwargs)
        try:
            arguments = attach.named(original, self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)  # says best what it does not take
        del arguments["self"]
        return replacement(self, **arguments)

    return method


def _saving(original: Any) -> Any:
    """What is saved while a network trains, or afterwards, are weights that a `fit` made."""

    @functools.wraps(original)
    def save(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.SESSION.trains or session.SESSION.has_fitted(self):
            ledger.RECORD.attempt("weights that are saved", _remember_learnt, self)
        return original(self, *args, **kwargs)

    return save


def _remember_learnt(model: Any) -> None:
    session.SESSION.learnt |= set(anatomy.digests(model))


def _set_weights(original: Any) -> Any:
    """Weights that the script itself puts in: they may have been trained elsewhere."""

    @functools.wraps(original)
    def set_weights(self: Any, weights: Any) -> Any:
        if session.SESSION.depth == 0 and sites.directly() is not None:
            ledger.RECORD.event("set_weights")
        return original(self, weights)

    return set_weights


def _load_weights(original: Any) -> Any:
    @functools.wraps(original)
    def load_weights(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.SESSION.depth:  # a builder of Keras that loads what it publishes
            return original(self, *args, **kwargs)
        site = sites.here()
        if site is not None and interventions.ACTIVE.one("load-imagenet-weights") is not None:
            return None
        asked = attach.named(original, self, *args, **kwargs)
        if interventions.ACTIVE.at("load-in-order", site) is not None:
            return original(self, asked["filepath"])
        before = [np.asarray(w.value).copy() for w in self.weights]
        result = original(self, *args, **kwargs)
        changed = sum(
            not np.array_equal(old, np.asarray(new.value))
            for old, new in zip(before, self.weights, strict=False)
        )
        session.SESSION.reloaded.add(id(self))
        session.SESSION.loads += 1
        ledger.RECORD.event(
            "load_weights", site, matched=changed, total=len(before),
            by_name=bool(asked.get("by_name")), skip_mismatch=bool(asked.get("skip_mismatch")),
            looks_random=anatomy.looks_random(anatomy.flat_layers(self)),
        )  # fmt: skip
        return result

    return load_weights


def _hook_layers(keras: ModuleType) -> None:
    layer_init, callback_init = keras.layers.Layer.__init__, keras.callbacks.Callback.__init__

    @attach.wraps(layer_init)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        layer_init(self, *args, **kwargs)
        anatomy.note_layer(self)
        if anatomy.is_random(self) and "Dropout" not in type(self).__name__:
            ledger.RECORD.event("augmentation", layer=type(self).__name__)

    @attach.wraps(callback_init)
    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        callback_init(self, *args, **kwargs)
        anatomy.note_layer(self)

    keras.layers.Layer.__init__ = init
    keras.callbacks.Callback.__init__ = noted
    for name in ("Dense", "Activation", "Conv2D", "Dropout", "BatchNormalization",
                 "Rescaling", "Normalization"):  # fmt: skip
        _hook_constructor(getattr(keras.layers, name), name)
    for name in ("GaussianDropout", "AlphaDropout"):  # not made of `Dropout`, as others are
        _hook_constructor(getattr(keras.layers, name), "Dropout")
    for name in ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau"):
        _hook_constructor(getattr(keras.callbacks, name), name)
    _hook_adapt(keras.layers.Normalization)
    if interventions.ACTIVE.one("pool-features") is not None:
        flatten = keras.layers.Flatten
        build = flatten.__new__
        flatten.__new__ = lambda *args, **kwargs: (
            keras.layers.GlobalAveragePooling2D()
            if sites.here() is not None
            else build(*args, **kwargs)
        )
    call = keras.layers.Layer.__call__

    @functools.wraps(call)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        # in a `call` of the user's own it stands in the source, though Keras is what calls that
        is_theirs = session.SESSION.depth == 0 or sites.directly() is not None
        for base in anatomy.BASES if "training" in kwargs and is_theirs else ():
            if base["model"] is self:
                base["called_with_training"] = kwargs["training"]
                if interventions.ACTIVE.one("call-backbone-in-inference") is not None:
                    kwargs["training"] = False
        if kwargs.get("training") is True and isinstance(self, keras.layers.BatchNormalization):
            ledger.RECORD.event("batchnorm-in-training-mode")
            if interventions.ACTIVE.one("batchnorm-follows-mode") is not None:
                kwargs.pop("training")
        is_asked = (
            session.SESSION.depth == 0
            and kwargs.get("training") is not True
            and id(self) in session.SESSION.compiled
        )
        if is_asked and args:
            args = (scored.repaired(self, args[0]), *args[1:])
        result = call(self, *args, **kwargs)
        is_random = args and anatomy.is_known_random(self)  # no other layer is looked at further
        if is_random and augmentation.is_left_out(self, in_training=_in_training(kwargs)):
            is_concrete = not isinstance(result, keras.KerasTensor)
            result = args[0] if is_concrete and args[0].shape == result.shape else result
        if is_asked and hasattr(result, "numpy"):
            scored.remember(self, result, args[0] if args else None)
        elif args and _tells_features(self, result):
            ledger.RECORD.attempt("features in batches", shown.collect, self, args[0], result)
        return result

    keras.layers.Layer.__call__ = called


def _in_training(given: Mapping[str, Any]) -> bool:
    """Is a layer called with these arguments in training: by itself, or by what calls it?"""
    from keras.src.backend.common import global_state

    if given.get("training") is not None:
        return bool(given["training"])
    context = global_state.get_global_attribute("current_call_ctx")
    return bool(getattr(context, "training", False))


def _tells_features(layer: Any, result: Any) -> bool:
    """Was a network that was never compiled called by the script itself, with values?"""
    return (
        session.SESSION.depth == 0
        and hasattr(layer, "layers")
        and hasattr(result, "numpy")
        and id(layer) not in session.SESSION.compiled
        and sites.directly() is not None
    )


def _hook_adapt(kind: Any) -> None:
    """Statistics of features are taken over the rows that a `predict` computed."""
    original = kind.adapt

    @functools.wraps(original)
    def adapt(self: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        rows = session.computed_rows(data) if isinstance(data, np.ndarray) else None
        return original(self, data if rows is None else data[rows], *args, **kwargs)

    kind.adapt = adapt


def _hook_constructor(kind: Any, name: str) -> None:
    original = kind.__init__

    @attach.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        site = sites.here()
        if site is not None:
            is_rescaling = name == "Rescaling"
            has_to_know = bool(interventions.ACTIVE) or is_rescaling
            asked = _asked(original, self, args, kwargs) if has_to_know else {}
            changes = interventions.ACTIVE.arguments(name, site, asked)
            changes |= _as_output(name, site, asked)
            if changes:
                args, kwargs = (), asked | changes
            if is_rescaling:
                scale, offset = (attach.plain(asked.get(k)) for k in ("scale", "offset"))
                ledger.RECORD.event("rescaling", site, scale=scale, offset=offset)
        original(self, *args, **kwargs)

    kind.__init__ = init


def _asked(original: Any, layer: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """The arguments by their names; none of them where Keras would refuse these."""
    try:
        asked = dict(attach.named(original, layer, *args, **kwargs))
    except TypeError:
        return {}
    asked.pop("self", None)
    return asked


def _as_output(name: str, site: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Changes that make the layer built here the output that a repair asks for."""
    wanted = interventions.ACTIVE.one("set-output")
    if wanted is None or wanted.get("file") != site["file"]:
        return {}
    if wanted["units"] == wanted.get("units_before"):
        return {}  # `compile` does the rest: the same line may build other layers too
    if name == "Dense" and wanted.get("line") == site["line"]:
        if wanted.get("units_before") not in (None, asked.get("units")):
            return {}  # a hidden layer, built at the same line
        separate = wanted.get("activation_line") not in (None, wanted.get("line"))
        activation = "linear" if separate else wanted["activation"]
        return {"units": wanted["units"], "activation": activation}
    if name == "Activation" and wanted.get("activation_line") == site["line"]:
        return {"activation": wanted["activation"]}
    if name == "Dropout" and wanted.get("activation_line") == site["line"]:
        return {"rate": 0.0}
    return {}

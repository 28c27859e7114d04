"""Hooks on pretrained networks and on `preprocess_input`."""

import functools
import importlib
import pkgutil
from types import ModuleType
from typing import Any

import numpy as np

from regraft.adapt.resize import resize_in_graph
from regraft.diagnose.agent import anatomy, boundary, interventions, ledger, session, sites
from regraft.diagnose.agent.hooks import attach

LEAST_LAYERS = 5  # with weights, of a part of a network, to be taken for one: heads have fewer


def hook() -> None:
    """Builders of networks with published weights, and what prepares pictures for them."""
    import keras

    for info in pkgutil.iter_modules(keras.applications.__path__):
        module = importlib.import_module(f"keras.applications.{info.name}")
        original = getattr(module, "preprocess_input", None)
        if original is not None:
            attach.everywhere(original, _preprocess(original, info.name))
    done: set[int] = set()
    for name, builder in list(vars(keras.applications).items()):
        if name[:1].isupper() and callable(builder) and id(builder) not in done:
            done.add(id(builder))
            attach.everywhere(builder, _builder(builder, name))
    attach.everywhere(keras.models.clone_model, _copied(keras.models.clone_model))
    attach.everywhere(keras.models.model_from_json, _copied(keras.models.model_from_json))
    functional = importlib.import_module("keras.src.models.functional").Functional
    for kind in (functional, keras.Sequential, keras.Model):
        _hook_from_config(kind)
    attach.after_import("regraft.backbones.efficientnet_lite", _hook_lite)


def _hook_from_config(kind: Any) -> None:
    configured = kind.from_config.__func__

    def from_config(cls: type, *args: Any, **kwargs: Any) -> Any:
        return _copied(functools.partial(configured, cls))(*args, **kwargs)

    kind.from_config = classmethod(from_config)


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
        named = attach.named(original, *args, **kwargs)
        named |= interventions.ACTIVE.arguments("backbone", site)
        if interventions.ACTIVE.one("load-imagenet-weights") is not None:
            named["weights"] = "imagenet"
        with session.inside():
            model = original(**_enlarged(named))
        weights = named.get("weights", "imagenet")
        kind = "none" if weights is None else ("imagenet" if weights == "imagenet" else "file")
        _note_base(model, name=name, site=site, weights=kind, entry=named.get("input_tensor"),
                   rescales=bool(named.get("include_preprocessing", True)))  # fmt: skip
        ledger.RECORD.event("backbone", site, name=name, weights=kind,
                            include_top=bool(named.get("include_top", True)),
                            input_shape=attach.plain(named.get("input_shape")))  # fmt: skip
        return model

    return build


def _copied(original: Any) -> Any:
    """A copy of a pretrained network, or of a model that holds one, may be without its weights."""

    @functools.wraps(original)
    def copied(*args: Any, **kwargs: Any) -> Any:
        copy = original(*args, **kwargs)
        site = sites.directly()
        if site is None or session.SESSION.depth:
            return copy
        for part in (copy, *_models_in(copy)):
            ledger.RECORD.attempt("a copied network", _note_copy, part, site)
        return copy

    return copied


def _models_in(model: Any) -> list[Any]:
    import keras

    return [layer for layer in model.layers if isinstance(layer, keras.Model)]


def _note_copy(copy: Any, site: Any) -> None:
    """Note a model made at `site` that copies a known network, or a part; repair it if asked.

    It does where all its layers with weights have the names of layers there, or where it has
    layers of all names there, as a copy with a head has.
    """
    layers = [layer for layer in anatomy.flat_layers(copy) if layer.weights]
    if len(layers) < LEAST_LAYERS:
        return
    for base in reversed(anatomy.BASES):
        known = {layer.name: layer for layer in anatomy.flat_layers(base["model"])}
        theirs = [layer for layer in layers if layer.name in known]
        part = copy if len(theirs) == len(layers) else _trunk_in(copy, base["model"])
        if part is not None:
            if interventions.ACTIVE.one("load-imagenet-weights") is not None:
                for layer in theirs:
                    layer.set_weights(known[layer.name].get_weights())
            _note_base(part, name=base["name"], site=site, weights=base["weights"],
                       rescales=base["rescales"])  # fmt: skip
            return


def _trunk_in(copy: Any, network: Any) -> Any:
    """The part of a model that copies a whole network; None where it has not all its layers."""
    import keras

    (_, *here), (_, *there) = copy.layers, network.layers  # the first is the input, of any name
    is_whole = {layer.name for layer in here}.issuperset(layer.name for layer in there)
    if not (is_whole and here[0].name == there[0].name):  # or something comes before it
        return None
    with session.inside():
        return keras.Model(copy.inputs, copy.get_layer(there[-1].name).output)


def _note_base(
    model: Any, *, name: str, site: Any, weights: str, entry: Any = None, rescales: bool = True
) -> None:
    """Remember a pretrained network.

    `entry` is the tensor it was built upon, if it was; `rescales` says whether it has the layers
    that prepare pixels, where networks of its kind do.
    """
    before = anatomy.upstream(model, entry)
    anatomy.BASES.append({
        "name": name, "model": model, "site": site, "weights": weights,
        "ids": {id(layer) for layer in anatomy.flat_layers(model)} - before,
        "entry": entry if before else None, "rescales": rescales,
    })  # fmt: skip
    boundary.watch(model, entry if before else None)


def _enlarged(named: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a builder, with pictures resized first where a repair enlarges them.

    Where the size is written out in the script, the script itself was changed, and the shape is
    large enough already.
    """
    wanted, shape = interventions.ACTIVE.one("enlarge-input"), named.get("input_shape")
    if wanted is None or not shape or None in shape or named.get("input_tensor") is not None:
        return named
    size = int(wanted["size"])
    if named.get("include_top", True) or max(shape[:2]) >= size:
        return named
    import keras

    pictures = keras.Input(tuple(shape))
    resized = resize_in_graph(pictures, height=size, width=size)
    return {k: v for k, v in named.items() if k != "input_shape"} | {"input_tensor": resized}


def _preprocess(original: Any, module: str) -> Any:
    @functools.wraps(original)
    def preprocess_input(x: Any, *args: Any, **kwargs: Any) -> Any:
        site = sites.here()
        if interventions.ACTIVE.dropped("preprocess_input", site):
            return x
        in_place = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        if in_place and interventions.ACTIVE.at("copy-before-preprocessing", site):
            x = x.copy()
        mode = args[1] if len(args) > 1 else kwargs.get("mode", "caffe")
        ledger.RECORD.event(
            "preprocess_input", site, in_place=in_place,
            module=module if module != "imagenet_utils" else f"{module}.{mode}",
        )  # fmt: skip
        return original(x, *args, **kwargs)

    return preprocess_input

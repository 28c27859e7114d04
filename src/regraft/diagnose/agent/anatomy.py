"""Facts about a model as the script built and compiled it."""

import functools
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from regraft.diagnose.agent import ends, holding, sites

BASES: list[dict[str, Any]] = []  # pretrained networks the script built, in order
# of layers of the script's own, by id; these are in _BUILT_AT, too: do they change pictures? in
# inference, and each time otherwise?
_VARIES: dict[int, tuple[bool, bool]] = {}
ANY_SIDE = 32  # pixels, where a model takes all sizes
_BUILT_AT: dict[int, tuple[Any, dict[str, Any] | None]] = {}  # id(layer) -> (layer, site)
SIZES = ("units", "filters")  # what tells one such layer from another built at the same line
SHAPING = ("Reshape", "Permute", "RepeatVector", "Flatten")  # move values, and have no weights
SHARING = ("Dense", "Conv2D", "Activation")  # layers that are asked for their activation
RANDOM_LAYERS = ("Random", "Dropout", "SpatialDropout", "Gaussian", "AlphaDropout", "RandAugment",
                 "AugMix", "MixUp", "CutMix", "AutoContrast")  # fmt: skip


def note_layer(layer: Any) -> None:
    """Remember where a layer was built. The layer is kept, so that its id stays its own."""
    _BUILT_AT.setdefault(id(layer), (layer, sites.here()))


def built_at(layer: Any) -> dict[str, Any] | None:
    """Where the user's code built this layer."""
    entry = _BUILT_AT.get(id(layer))
    return entry[1] if entry else None


def flat_layers(model: Any) -> list[Any]:
    """All layers inside, nested ones opened, containers left out."""
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if not getattr(layer, "layers", None)
    ]


def graph_of(model: Any) -> Any:
    """What has the nodes of a model: a Sequential keeps them in a functional model inside."""
    return getattr(model, "_functional", None) or model


def base_of(model: Any) -> dict[str, Any] | None:
    """The pretrained network whose layers the model contains (the one it shares most with)."""
    inside = {id(layer) for layer in flat_layers(model)}
    shared = [(len(inside & base["ids"]), number) for number, base in enumerate(BASES)]
    best = max(shared, default=(0, 0))
    return BASES[best[1]] if best[0] > 0 else None


def upstream(model: Any, entry: Any) -> set[int]:
    """Ids of the layers before this tensor of a model's graph: its input layer, if it is that."""
    history = getattr(entry, "_keras_history", None)
    graph = graph_of(model)
    if history is None or any(entry is tensor for tensor in graph.inputs):
        return set()
    waiting, known = [entry], set()
    while waiting:
        operation, node, _ = waiting.pop()._keras_history
        if id(operation) not in known:
            known.add(id(operation))
            waiting += operation._inbound_nodes[node].input_tensors
    return known


def head_layers(model: Any) -> list[Any]:
    """Layers that are not the pretrained network's."""
    base = base_of(model)
    taken = base["ids"] if base else set()
    return [layer for layer in flat_layers(model) if id(layer) not in taken]


def is_random(layer: Any) -> bool:
    """Does the layer change its input at random while training?"""
    return type(layer).__name__.startswith(RANDOM_LAYERS) or is_own_random(layer)


def is_own_random(layer: Any) -> bool:
    """Is it a layer of the script's own that changes pictures, at random or in training only?

    Asked with noise in place of pictures; a layer whose pictures are not known answers no.
    """
    known = _VARIES.get(id(layer))
    if known is None:
        known = _varies(layer)
        if getattr(layer, "built", False):
            _VARIES[id(layer)] = known
    return known[0]


def is_known_random(layer: Any) -> bool:
    """The same, where it was asked before."""
    return _VARIES.get(id(layer), (False, False))[0]


def is_always_random(layer: Any) -> bool:
    """Is it known to change pictures at random in inference, too?"""
    return _VARIES.get(id(layer), (False, False))[1]


def _varies(layer: Any) -> tuple[bool, bool]:
    is_own = not type(layer).__module__.startswith("keras.") or type(layer).__name__ == "Lambda"
    if not is_own or not hasattr(layer, "weights") or layer.weights:
        return False, False
    try:
        shape = layer.input.shape
        if len(shape) != 4 or shape[-1] not in (1, 3):
            return False, False
        sides = [side or ANY_SIDE for side in shape[1:]]
        noise = np.random.default_rng(0).uniform(0, 255, (2, *sides)).astype(np.float32)
        modes = (True, True, False, False)
        answers = [np.asarray(layer(noise, training=mode)) for mode in modes]
    except Exception:  # noqa: BLE001 - of several inputs, or not of floats: nothing is known
        return False, False
    is_plain = np.array_equal(answers[2], answers[3])
    return any(not np.array_equal(answers[0], other) for other in answers[1:]), not is_plain


def is_batchnorm(layer: Any) -> bool:
    """Does the layer keep statistics of what it was trained on?"""
    return type(layer).__name__ == "BatchNormalization"


def describe_base(
    model: Any, base: dict[str, Any], entered: tuple[int, int] | None = None
) -> dict[str, Any]:
    """The record behind `evidence.Backbone`, without what only a training shows.

    Args:
        model: The whole.
        base: The pretrained network in it.
        entered: Height and width of a picture that was seen entering a network of any input size.
    """
    inside = {id(layer) for layer in flat_layers(model)} & base["ids"]
    layers = [layer for layer in flat_layers(base["model"]) if id(layer) in inside]
    weighted = [layer for layer in layers if layer.weights]
    norms = [layer for layer in layers if is_batchnorm(layer)]
    entry = base.get("entry")
    shape = base["model"].input_shape if entry is None else entry.shape
    height, width = (shape[1], shape[2]) if shape[1] and shape[2] else entered or (0, 0)
    return {
        "name": base["name"],
        "site": base["site"],
        "weights": base["weights"],
        "looks_random": looks_random(weighted),
        "input_height": int(height),
        "input_width": int(width),
        "last_map": _last_map(layers) or _map_of(base["model"], (height, width)),
        "n_layers": len(weighted),
        "n_trainable_layers": sum(bool(layer.trainable_variables) for layer in weighted),
        "n_batchnorm": len(norms),
        "n_batchnorm_trainable": sum(layer.trainable for layer in norms),
        "called_with_training": base.get("called_with_training"),
        "rescales": base.get("rescales", True),
    }


def _map_of(network: Any, side: tuple[int, int]) -> tuple[int, int]:
    """Of pictures of this height and width, where the network itself leaves both open."""
    if not all(side):
        return (0, 0)
    shape = network.compute_output_shape((1, *side, network.input_shape[-1]))
    is_map = isinstance(shape, tuple) and len(shape) == 4
    return (int(shape[1]), int(shape[2])) if is_map else (0, 0)


def _last_map(layers: list[Any]) -> tuple[int, int] | None:
    for layer in reversed(layers):
        try:
            shape = layer.output.shape
        except (AttributeError, ValueError):
            continue
        if len(shape) == 4 and shape[1]:
            return int(shape[1]), int(shape[2])
    return None


# A fresh Glorot-uniform kernel reaches 1.7 standard deviations, a truncated normal one 2.3;
# trained convolutions reach 4 and more (VGG16, MobileNetV2, EfficientNet-Lite0: 4.4 to 25).
FRESH_REACH = 2.7


def looks_random(layers: list[Any]) -> bool | None:
    """Do the convolution kernels have the narrow tails of a fresh initialisation?"""
    reaches = []
    for kernel in kernels(layers):
        values = np.asarray(kernel.value, np.float32)
        if values.ndim == 4 and values.size >= 500:
            reaches.append(float(np.abs(values).max() / (values.std() + 1e-12)))
    return bool(np.median(reaches) < FRESH_REACH) if reaches else None


def kernels(layers: list[Any]) -> list[Any]:
    """Weight matrices and filters, biases and statistics left out."""
    return [w for layer in layers for w in layer.weights if len(w.shape) >= 2]


def digests(model: Any, *, trainable: bool = True) -> list[bytes]:
    """One a kernel that is trainable, or is not: the same in a model that holds a copy."""
    return [
        hashlib.blake2b(np.ascontiguousarray(w.value).tobytes(), digest_size=8).digest()
        for w in (model.trainable_variables if trainable else model.non_trainable_variables)
        if len(w.shape) >= 2
    ]


def end_of(model: Any) -> tuple[Any, list[Any]]:
    """The layer that scores the classes, and what its scores pass through afterwards."""
    dense = [layer for layer in head_layers(model) if type(layer).__name__ == "Dense"]
    if dense and not ends.has_graph(model):
        # the last layer is the one that was named last, wherever it is called; what makes
        # probabilities is called at the end
        made = [layer for layer in head_layers(model) if ends.makes_probabilities(layer)]
        return dense[-1], made if len(made) == 1 else []
    last = ends.last_layer(model, flat_layers(model))
    scoring, passed = ends.behind(last)
    if hasattr(scoring, "units") or not dense:
        return scoring, passed
    return dense[-1], [last]


def describe_head(model: Any, few: Any) -> dict[str, Any]:
    """The record behind `evidence.Output` and the head's part of `evidence.Training`.

    Args:
        model: Built.
        few: Rows as they are fed: a model without a graph is asked what it gives for them.
    """
    head = head_layers(model)
    dense = [layer for layer in head if type(layer).__name__ == "Dense"]
    scoring, passed = end_of(model)
    last = [scoring, *passed][-1]
    units = int(getattr(scoring, "units", 0) or (model.output_shape or (0,))[-1] or 0)
    through = [ends.activation_of(layer, units) for layer in (scoring, *passed)]
    inner, activation = ["linear", "linear", *(a for a in through if a != "linear")][-2:]
    if activation == "linear" and not ends.has_graph(model) and ends.are_shares(model, few):
        activation = "softmax"  # within its `call`
    hidden = [layer for layer in dense if layer is not scoring]
    narrowest = min(hidden, key=lambda layer: layer.units, default=None)
    drops = [
        layer
        for layer in head
        if "Dropout" in type(layer).__name__
        and isinstance(getattr(layer, "rate", None), int | float)
    ]
    strongest = max(drops, key=lambda layer: layer.rate, default=None)
    penalty, penalised = holding.strongest_penalty(flat_layers(model))
    base = base_of(model)
    norms = [layer for layer in flat_layers(model) if is_batchnorm(layer)]
    own = set() if base is None or base["weights"] == "none" else base["ids"]
    fresh = [layer for layer in norms if id(layer) not in own]
    return {
        "output_site": built_at(scoring),
        "activation_site": built_at(last) if last is not scoring else None,
        "units": units,
        "activation": activation,
        "inner_activation": inner,
        "dropout_on_output": any(type(layer).__name__.endswith("Dropout") for layer in passed),
        "sharing": [
            {
                "what": type(layer).__name__,
                "site": built_at(layer),
                "details": {n: getattr(layer, n) for n in SIZES if hasattr(layer, n)},
            }
            for layer in head
            if _shares(layer, (scoring, *passed))
        ],
        "narrowest_hidden": int(narrowest.units) if narrowest is not None else 0,
        "narrowest_site": built_at(narrowest) if narrowest is not None else None,
        "largest_dropout": float(strongest.rate) if strongest is not None else 0.0,
        "dropout_site": built_at(strongest) if strongest is not None else None,
        "largest_penalty": penalty,
        "penalty_site": built_at(penalised) if penalised is not None else None,
        "head_parameters": int(sum(np.prod(w.shape) for layer in head for w in layer.weights)),
        "fresh_batchnorm": len(fresh),
        "fresh_momentum": float(np.median([layer.momentum for layer in fresh])) if fresh else 0.99,
        "model": model.name,
        "kind": type(model).__name__,
    }


def _shares(layer: Any, end: tuple[Any, ...]) -> bool:
    """Does a layer in the middle end in softmax, and is what it gives not multiplied or added?"""
    if type(layer).__name__ not in SHARING or any(layer is other for other in end):
        return False
    return ends.activation_of(layer) == "softmax" and _is_chained(layer)


def _is_chained(layer: Any) -> bool:
    """Does what a layer gives go alone into layers with weights, however it is shaped before?"""
    then = getattr(layer, "_outbound_nodes", [])
    if not then or any(len(node.input_tensors) != 1 for node in then):
        return False
    shaped = [node.operation for node in then if type(node.operation).__name__ in SHAPING]
    return all(_is_chained(operation) for operation in shaped)


def describe_loss(loss: Any) -> tuple[str, bool]:
    """Canonical name of a loss, and whether it expects logits."""
    if loss is None:
        return "", False
    if isinstance(loss, functools.partial):
        name, logits = describe_loss(loss.func)
        return name, bool(loss.keywords.get("from_logits", logits))
    if isinstance(loss, str):
        return ends.snake(loss), False
    if isinstance(loss, type):
        return ends.snake(loss.__name__), False
    name = getattr(loss, "__name__", None) or type(loss).__name__
    config = loss.get_config() if hasattr(loss, "get_config") else {}
    logits = config.get("from_logits", getattr(loss, "_fn_kwargs", {}).get("from_logits", False))
    return ends.snake(name), bool(logits)


def accuracy_metric(model: Any) -> str:
    """Class that the word "accuracy" resolved to in a trained model, "" if there is none."""
    for metric in walk_metrics(model):
        if "acc" in metric.name.lower():
            kind = type(metric).__name__
            function = getattr(metric, "_fn", None) if kind == "MeanMetricWrapper" else None
            return str(getattr(function, "__name__", kind))
    return ""


def walk_metrics(model: Any) -> Iterator[Any]:
    """Every metric of a compiled model that has been built."""
    for metric in model.metrics:
        yield from getattr(metric, "metrics", None) or [metric]


def statistics(model: Any) -> list[Any]:
    """Moving means and variances of every BatchNorm layer."""
    return [
        weight
        for layer in flat_layers(model)
        if is_batchnorm(layer) and hasattr(layer, "moving_mean")
        for weight in (layer.moving_mean, layer.moving_variance)
    ]

"""Pictures on their way into the model and into the backbone: seen here, and repaired here."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from regraft.adapt.resize import resize_stack
from regraft.diagnose.agent import anatomy, feeds, interventions, samples
from regraft.diagnose.agent.transforms import TRANSFORMS
from regraft.diagnose.probe import layouts

NEAR_SPAN = 0.25  # of it: parts that are told apart by their span differ three times or more


class _Seen(BaseException):
    """Stops a forward pass once the pictures were seen."""


_LOOKING: list[np.ndarray] | None = None


def watch(base: Any, entry: Any = None) -> None:
    """Let the first operations of a pretrained network show, and convert, what they receive.

    Where the network was built upon a tensor, `entry`, the script's own layers come before it.
    """
    graph = anatomy.graph_of(base)
    source = graph.inputs[0] if entry is None else entry
    for nodes in graph._nodes_by_depth.values():
        for node in nodes:
            if any(tensor is source for tensor in node.input_tensors):
                _wrap(node.operation)


def _wrap(operation: Any) -> None:
    original = operation.call

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        if _LOOKING is not None and hasattr(x, "numpy"):
            _LOOKING.append(np.asarray(x))
            raise _Seen
        return original(_converted(x), *args, **kwargs)

    operation.call = call


def _converted(x: Any) -> Any:
    wanted = _at_backbone()
    if not wanted or x.shape[-1] != 3:
        return x
    from keras import backend, ops

    dtype = backend.standardize_dtype(x.dtype)  # of its policy, to which its kernels are cast
    x = ops.cast(x, "float32")
    for parameters in wanted:
        picked = ops.take(x, np.array(parameters["order"]), axis=-1)
        scale = np.asarray(parameters["scale"], np.float32)
        x = picked * scale + np.asarray(parameters["offset"], np.float32)
    return ops.cast(x, dtype) if "float" in dtype else x


def _at_backbone() -> list[dict[str, Any]]:
    """Conversions in front of the backbone: channels are put in order before they are scaled."""
    wanted = [
        dict(parameters)
        for parameters in interventions.ACTIVE.all("convert-pixels")
        if parameters["boundary"] == "backbone" and parameters["part"] == "all"
    ]
    return sorted(wanted, key=lambda parameters: set(parameters["scale"]) != {1.0})


def signature() -> str:
    """What makes frozen outputs of the same pictures differ from those of another replay."""
    return repr((_at_backbone(), interventions.ACTIVE.one("enlarge-input")))


def look(model: Any, x: np.ndarray, *, training: bool = False) -> dict[str, np.ndarray]:
    """The pictures of `x` as they reach the backbone, under "backbone"; {} without one."""
    global _LOOKING
    _LOOKING = []
    try:
        model(x, training=training)
    except _Seen:
        return {"backbone": _LOOKING[0].astype(np.float32)}
    except Exception:  # noqa: BLE001 - the training itself will say what is wrong
        return {}
    finally:
        _LOOKING = None
    return {}


def convert_feed(feed: feeds.Feed, *, part: str) -> None:
    """Carry out the repairs of pixels that belong at the model's input.

    Args:
        feed: Pictures as given.
        part: "train", "validation", "prediction" by a trained model, or "features" of pictures of
            either part.
    """
    for parameters in interventions.ACTIVE.all("read-layout"):
        if parameters["part"] in ("all", "validation" if part == "prediction" else part):
            _change(feed, functools.partial(_relaid, layout=parameters["layout"]))

    if interventions.ACTIVE.one("fill-gaps") is not None and feed.x.dtype.kind == "f":
        _change(feed, functools.partial(np.nan_to_num, posinf=0.0, neginf=0.0))

    for parameters in interventions.ACTIVE.all("convert-pixels"):
        here = parameters["boundary"] == "model" or parameters["part"] == "validation"
        meant = parameters["part"] == "all" or (
            parameters["part"] == "validation" and part in ("validation", "prediction")
        )
        if parameters["part"] == "validation" and part != "train":
            span = parameters.get("only_span")
            meant = _spans(feed.x, span) if span or part == "features" else meant
        if here and meant:
            _change(feed, functools.partial(_affine, parameters=parameters))
            feed.random_pixels = feed.random_pixels and feed.source is not None

    for parameters in interventions.ACTIVE.all("transform-pictures"):
        if part in ("validation", "prediction"):
            _change(feed, TRANSFORMS[parameters["transform"]])


def _spans(x: np.ndarray, span: list[float] | None) -> bool:
    """Do the values reach about so far, down and up?"""
    if span is None or x.dtype.kind not in "uif":
        return False
    low, high = np.percentile(x[samples.spread(len(x), 64)].astype(np.float32), (0.1, 99.9))
    off = max(abs(low - span[0]), abs(high - span[1]))
    return bool(off < NEAR_SPAN * max(span[1] - span[0], high - low))


def _change(feed: feeds.Feed, change: Callable[[np.ndarray], np.ndarray]) -> None:
    changed = samples.changed(feed.x, change)
    if changed is not None:
        feed.x, feed.source = changed, None


def _relaid(x: np.ndarray, layout: str) -> np.ndarray:
    """The pictures that a wrong shape hid, in the size that the model takes."""
    height, width = x.shape[1:3]
    return resize_stack(layouts.relaid(x, layout), height=height, width=width)


def _affine(x: np.ndarray, parameters: interventions.Parameters) -> np.ndarray:
    scale = np.asarray(parameters["scale"], np.float32)
    offset = np.asarray(parameters["offset"], np.float32)
    if x.shape[-1] == 3:
        x = x[..., parameters["order"]]
    else:  # one channel: the conventions agree on it only on average
        scale, offset = scale.mean(keepdims=True), offset.mean(keepdims=True)
    return x.astype(np.float32) * scale + offset


def fit_size(feed: feeds.Feed, model: Any) -> None:
    """Resize pictures to what a model with a changed input size takes."""
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or feed.x.ndim != 4:
        return
    height, width = shape[1:3]
    if height and width and feed.x.shape[1:3] != (height, width):
        feed.x = resize_stack(feed.x, height=height, width=width)
        feed.source = None


def thumbnails(x: np.ndarray) -> np.ndarray:
    """16 x 16 gray, each picture standardised: shape (n, 256), float16."""
    x = samples.as_pictures(x)
    gray = x.mean(axis=-1, dtype=np.float32)[..., None]
    flat = resize_stack(gray, height=16, width=16).reshape(len(x), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(norm, 1e-6), np.float16)

"""Run the frozen part of a model once, and train the user's own head on what it gives.

The trained variables, the loss, the optimiser and the order of rows are those of the script: only
the repeated passes through layers that cannot change are spared.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regraft.diagnose.agent import anatomy, feeds

CHUNK = 64
WORTH_KEEPING = 8  # rows: a file for each of many pictures asked alone costs more than it saves
LARGEST = 2.0  # elements kept a picture, as a multiple of its own


@dataclass(kw_only=True)
class Cut:
    """A model in two parts that share its layers: `trunk` is frozen, `rest` is trained."""

    trunk: Any
    rest: Any


def cut(model: Any) -> Cut | None:
    """Split a functional model at its frozen frontier; None where that is not one tensor."""
    import keras

    graph = anatomy.graph_of(model)
    if not hasattr(graph, "_nodes_by_depth") or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return None
    source = graph.inputs[0]
    still = {id(source)}
    frontier: dict[int, Any] = {}
    has_weights = False
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            inputs = node.input_tensors
            if not inputs:
                continue
            if all(id(t) in still for t in inputs) and _cannot_change(node.operation):
                still.update(id(t) for t in node.output_tensors)
                has_weights = has_weights or bool(getattr(node.operation, "weights", ()))
            else:
                frontier.update({id(t): t for t in inputs if id(t) in still})
    if not has_weights or len(frontier) != 1 or id(source) in frontier:
        return None
    (tensor,) = frontier.values()
    if not _elements(tensor) <= LARGEST * _elements(source):
        return None  # frozen early layers only: their maps cost more to keep than to compute
    return Cut(trunk=keras.Model(source, tensor), rest=keras.Model(tensor, graph.outputs[0]))


class Cuts:
    """The cut of every model that was asked for, made again when what is trainable changes."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[int, ...], Cut | None]] = {}

    def of(self, model: Any) -> Cut | None:
        """The cut of the model as it is now, None where it must be run whole."""
        now = tuple(id(v) for v in model.trainable_variables)
        known = self._known.get(id(model))
        if known is None or known[0] != now:
            try:
                made = cut(model)
            except Exception:  # noqa: BLE001 - a graph that cannot be cut is simply run whole
                made = None
            self._known[id(model)] = known = (now, made)
        return known[1]


class Snapshot:
    """Variables of a model and its optimiser, to go back to."""

    def __init__(self, model: Any, *, trainable: bool = True) -> None:
        chosen = model.variables if trainable else model.non_trainable_variables
        optimizer = getattr(model, "optimizer", None) if trainable else None
        if optimizer is not None and not optimizer.built and _is_whole(model):
            optimizer.build(model.trainable_variables)  # as its first step would
        self._optimizer = optimizer
        extra = list(optimizer.variables) if optimizer is not None else []
        # random states go on: a second try need not repeat the first one's draws
        self._kept = [
            (v, np.asarray(v.value).copy()) for v in [*chosen, *extra] if "seed" not in v.name
        ]

    def restore(self) -> None:
        """Put every value back; what the first step made of the optimiser starts at 0."""
        for variable, value in self._kept:
            variable.assign(value)
        known = {id(variable) for variable, _ in self._kept}
        for variable in getattr(self._optimizer, "variables", ()):
            if id(variable) not in known:
                variable.assign(np.zeros(variable.shape, variable.dtype))


def _is_whole(model: Any) -> bool:
    """Has every layer its weights? Some are built by the first step of a training of one's own."""
    return all(layer.built for layer in model._flatten_layers(include_self=False))


def _elements(tensor: Any) -> float:
    """Elements of one row; infinite where a side is not known."""
    sides = tensor.shape[1:]
    return float("inf") if None in sides else float(np.prod(sides))


def _cannot_change(operation: Any) -> bool:
    layers = operation._flatten_layers() if hasattr(operation, "_flatten_layers") else [operation]
    # a network that was frozen whole says it has nothing to train, whatever was thawed in it since
    return not any(
        getattr(layer, "trainable_variables", None)
        or anatomy.is_random(layer)
        or _learns_statistics(layer)
        for layer in layers
    )


def _learns_statistics(layer: Any) -> bool:
    """BatchNorm without scale and centre has nothing to train, and changes all the same."""
    return anatomy.is_batchnorm(layer) and bool(layer.trainable)


class Store:
    """Outputs of frozen networks, row by row, shared by the replays of one diagnosis."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, dict[bytes, np.ndarray]] = {}

    def outputs(self, model: Any, x: np.ndarray, extra: str) -> np.ndarray:
        """What a frozen network gives for `x`: each row is computed once in all replays.

        Args:
            model: The network; its weights are part of the key.
            x: Rows as the network takes them.
            extra: What else changes the outputs (a conversion on the way in).
        """
        key = self._key(model, x, extra)
        known = self._load(key)
        digests = [feeds.digest_row(row) for row in x]
        missing = {digest: row for row, digest in enumerate(digests) if digest not in known}
        if missing:
            values = forward(model, x[list(missing.values())])
            if values.dtype.kind not in "fiub":  # bfloat16, which no file of numpy's keeps
                values = values.astype(np.float32)
            known.update(zip(missing, values, strict=True))
            if len(missing) >= WORTH_KEEPING:
                self._save(key, list(missing), values)
        return np.stack([known[digest] for digest in digests])

    def _load(self, key: str) -> dict[bytes, np.ndarray]:
        if key not in self._rows:
            self._rows[key] = {}
            for path in sorted(self._folder.glob(f"{key}-*.npz")):
                with np.load(path, allow_pickle=False) as held:
                    names = held["digests"]
                    self._rows[key].update(
                        (names[i].tobytes(), value) for i, value in enumerate(held["values"])
                    )
        return self._rows[key]

    def _save(self, key: str, digests: list[bytes], values: np.ndarray) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        names = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)
        number = len(list(self._folder.glob(f"{key}-*.npz")))
        part = self._folder / f"{key}.part.npz"
        np.savez(part, digests=names, values=values)
        part.replace(self._folder / f"{key}-{number}.npz")

    @staticmethod
    def _key(model: Any, x: np.ndarray, extra: str) -> str:
        digest = hashlib.blake2b(digest_size=16)
        digest.update(extra.encode())
        digest.update(str((x.shape[1:], x.dtype, model.output_shape)).encode())
        for operation in getattr(model, "operations", ()):
            digest.update(type(operation).__name__.encode())
        for weight in model.weights:
            digest.update(np.ascontiguousarray(weight.value).data)
        return digest.hexdigest()


def forward(model: Any, x: np.ndarray, *, chunk: int = CHUNK) -> np.ndarray:
    """Inference-mode outputs, in chunks of few sizes: tracing another costs seconds.

    A few rows are padded to the next power of two: a script that asks about one picture at a time
    must not wait for 64.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return np.asarray(keras.Model.predict(model, x, batch_size=chunk, verbose=0))
    import tensorflow as tf

    run = getattr(model, "_regraft_forward", None)
    if run is None:
        run = tf.function(lambda batch: model(batch, training=False), reduce_retracing=True)
        object.__setattr__(model, "_regraft_forward", run)
    outputs = []
    chunk = min(chunk, 1 << max(0, len(x) - 1).bit_length())
    for start in range(0, len(x), chunk):
        batch = x[start : start + chunk]
        n = len(batch)
        if n < chunk:
            batch = np.concatenate([batch, np.repeat(batch[-1:], chunk - n, axis=0)])
        outputs.append(np.asarray(run(tf.convert_to_tensor(batch)))[:n])
    return np.concatenate(outputs)

"""Limits that a plan must keep: how fast it answers, how large its artefact is."""

import functools
import time
from dataclasses import dataclass

import numpy as np

from regraft.backbones.naming import layers_by_name
from regraft.backbones.table import Backbone
from regraft.backbones.weights import Weights
from regraft.features.graph import build_extractor
from regraft.features.runtimes.tensorflow import TensorFlow
from regraft.planning.default import Choice
from regraft.planning.space import n_features

_TIMED = 9  # single pictures, of which the median counts
_BYTES = 4  # a float32


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """None where there is no limit."""

    latency_ms: float | None = None  # of a single picture
    megabytes: float | None = None  # 10^6 bytes of tensors in the artefact

    def admits(self, choice: Choice, n_classes: int) -> bool:
        """Whether the artefact would be small enough."""
        return self.megabytes is None or artefact_bytes(choice, n_classes) <= 1e6 * self.megabytes


def artefact_bytes(choice: Choice, n_classes: int) -> int:
    """Bytes of the tensors of a plan: the backbone as far as it is read, and the head."""
    trunk = _parameters(choice.row)[choice.row.deepest(choice.taps).name]
    return _BYTES * (trunk + (n_features(choice) + 1) * n_classes)


@functools.cache
def _parameters(row: Backbone) -> dict[str, int]:
    """Numbers in all tensors from the input to each tap."""
    import keras

    network = row.build(row.smallest_size)
    layers = layers_by_name(network)
    return {
        tap.name: keras.Model(network.input, layers[tap.name].output).count_params()
        for tap in row.taps
    }


def measure_latency(choice: Choice, weights: Weights) -> float:
    """Milliseconds from one resized picture to its features, as an artefact computes them.

    Decoding and resizing, the same for all plans, and the head, far below a millisecond, are left
    out.
    """
    model = build_extractor(
        choice.row,
        size=choice.size,
        requests=choice.requests,
        weights=weights,
        picture_shape=None,
        batch_size=1,
    )
    run = TensorFlow().load(model)
    picture = np.zeros((1, choice.size, choice.size, 3), np.float32)
    run(picture)  # traces
    seconds = []
    for _ in range(_TIMED):
        started = time.perf_counter()
        run(picture)
        seconds.append(time.perf_counter() - started)
    return 1e3 * float(np.median(seconds))

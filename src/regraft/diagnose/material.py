"""Pictures of a replay to look at, and to fit a reference classifier on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.diagnose import evidence as facts
from regraft.diagnose import recorded
from regraft.diagnose.diagnosis import Material, Pictures
from regraft.diagnose.probe import pixels
from regraft.diagnose.replays import Replay

Array = npt.NDArray[Any]
SHOWN = 8  # pictures a report shows


def pictures(baseline: Replay, repaired: Replay | None) -> Pictures | None:
    """A few validation pictures as they reach the network, and as they do once repaired."""
    fit = recorded.main_fit(baseline)
    if fit is None:
        return None
    fed = _visible(baseline, fit)
    if fed is None:
        return None
    labels = baseline.arrays.get(f"fit{fit['number']}_train_y", np.zeros(0))
    other = recorded.main_fit(repaired) if repaired is not None else None
    return Pictures(
        as_fed=fed,
        repaired=_visible(repaired, other) if repaired is not None and other else None,
        labels=tuple(str(v) for v in labels[:SHOWN].tolist()),
    )


def _visible(replay: Replay, fit: Mapping[str, Any]) -> npt.NDArray[np.uint8] | None:
    """The first training pictures stretched to bytes, whatever range they were fed in."""
    x = replay.arrays.get(f"fit{fit['number']}_train_x", np.zeros(0))
    if x.ndim != 4 or x.shape[-1] not in (1, 3):
        return None
    some = x[:SHOWN].astype(np.float32)
    low, high = float(some.min()), float(some.max())
    stretched = (some - low) * (255 / max(high - low, 1e-6))
    return np.repeat(stretched.astype(np.uint8), 3 // x.shape[-1], axis=-1)


def material(replay: Replay, backbone: facts.Backbone | None) -> Material | None:
    """Pictures and labels of a replay as bytes, if its pixels are in a known convention."""
    fit = recorded.main_fit(replay)
    if fit is None:
        return None
    key = f"fit{fit['number']}"
    parts: list[Array] = []
    for part in ("train", "validation"):
        x, y = replay.arrays.get(f"{key}_{part}_x"), replay.arrays.get(f"{key}_{part}_y")
        stats = pixels.pixel_stats(x) if x is not None else None
        if x is None or y is None or stats is None or not stats.convention or len(x) != len(y):
            return None
        parts += [pixels.as_bytes(x, stats.convention), y.astype(np.int64)]
    return Material(
        train=parts[0],
        train_labels=parts[1],
        validation=parts[2],
        validation_labels=parts[3],
        backbone=backbone.name if backbone else None,
        input_size=int(fit.get("input_size", 0)),
    )

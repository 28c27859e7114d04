"""In which convention do pictures arrive, and are neighbouring pixels still neighbours?"""

import numpy as np
import numpy.typing as npt

from regraft.diagnose.conventions import CONVENTIONS, Affine
from regraft.diagnose.evidence import PixelStats

VALUES = 1_000_000  # looked at, of pictures evenly spread: each convention is tried on all
NO_FIT = 0.25  # misfit above which no convention explains the pictures
LOW_CONTRAST = 0.7  # pictures are expected to span this share of [0, 255]
WHOLE = 0.02  # a byte value this near a whole number counts as one
NOT_WHOLE = 0.05  # misfit added when inverting gives no whole numbers although another map does
NOT_ALL_WHOLE = 0.005  # likewise, when only black and white come out whole: signed against lite


def pixel_stats(pictures: npt.NDArray[np.generic]) -> PixelStats | None:
    """Statistics of pictures, shape (n, h, w, c), in any units; None if they are not pictures."""
    if pictures.ndim != 4 or len(pictures) == 0 or pictures.shape[-1] not in (1, 3):
        return None
    n_images, n_distinct = len(pictures), len({picture.tobytes() for picture in pictures})
    step = max(1, pictures.size // VALUES)
    given = pictures[::step].astype(np.float32)
    values = np.nan_to_num(given, posinf=0.0, neginf=0.0)
    low, high = (float(v) for v in np.percentile(values, (0.1, 99.9)))
    fits = sorted(
        (misfit(values, affine), i, name) for i, (name, affine) in enumerate(CONVENTIONS.items())
    )
    best, second = fits[0], fits[1]
    return PixelStats(
        n_images=n_images,
        height=values.shape[1],
        width=values.shape[2],
        channels=values.shape[3],
        low=low,
        high=high,
        channel_means=tuple(float(m) for m in values.mean(axis=(0, 1, 2))),
        whole_numbers=float(np.mean(np.abs(values - np.rint(values)) < 1e-4)),
        neighbour_correlation=neighbour_correlation(values),
        convention=best[2] if best[0] <= NO_FIT else "",
        misfit=best[0],
        runner_up=second[2],
        runner_up_misfit=second[0],
        distinct=n_distinct,
        finite=float(np.isfinite(given).mean()),
    )


def misfit(values: npt.NDArray[np.float32], affine: Affine) -> float:
    """How badly "RGB bytes mapped by `affine`" explains the values; 0 is perfectly.

    The values are mapped back: bytes must lie in [0, 255], span most of it, and mostly be whole.
    """
    bytes_, back = _undone(values, affine), affine.inverse()
    low, high = np.percentile(bytes_, (0.1, 99.9))
    outside = max(0.0, -float(low) - 1) + max(0.0, float(high) - 256)
    gap = max(0.0, LOW_CONTRAST - float(high - low) / 255)
    whole = float(np.mean(np.abs(bytes_ - np.rint(bytes_)) < WHOLE))
    uneven = 0.0
    if values.shape[-1] == 3 and len(set(back.offset)) + len(set(back.scale)) > 2:
        uneven = _uneven_greys(values, bytes_)
    broken = 0.0 if whole > 0.99 else NOT_ALL_WHOLE if whole > 0.5 else NOT_WHOLE
    return outside / 255 + gap + broken + uneven


def as_bytes(values: npt.NDArray[np.generic], convention: str) -> npt.NDArray[np.uint8]:
    """The RGB bytes behind pictures in a convention, rounded and clipped."""
    bytes_ = _undone(values.astype(np.float32), CONVENTIONS[convention])
    return np.clip(np.rint(bytes_), 0, 255).astype(np.uint8)


def _undone(values: npt.NDArray[np.float32], affine: Affine) -> npt.NDArray[np.float32]:
    back = affine.inverse()
    scale, offset = np.asarray(back.scale, np.float32), np.asarray(back.offset, np.float32)
    if values.shape[-1] == 1:  # one channel: the map agrees with it on average
        scale, offset = scale.mean(keepdims=True), offset.mean(keepdims=True)
    else:
        values = values[..., list(back.order)]
    return np.asarray(values * scale + offset, np.float32)


def _uneven_greys(values: npt.NDArray[np.float32], bytes_: npt.NDArray[np.float32]) -> float:
    """Gray pictures have equal channels: a map that makes them unequal is the wrong one."""
    if np.allclose(values[..., 0], values[..., 1]) and np.allclose(values[..., 0], values[..., 2]):
        return float(np.mean(np.ptp(bytes_, axis=-1))) / 25.5
    return 0.0


def neighbour_correlation(pictures: npt.NDArray[np.generic]) -> float:
    """Correlation of adjacent pixels, rows and columns averaged, over a few pictures."""
    some = pictures[:: max(1, len(pictures) // 32)][:32].astype(np.float32)
    some = some[..., None] if some.ndim == 3 else some
    return float(
        np.mean(
            [_correlation(some[:, 1:], some[:, :-1]), _correlation(some[:, :, 1:], some[:, :, :-1])]
        )
    )


def _correlation(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    if a.size == 0:
        return 1.0
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt(float((a * a).sum()) * float((b * b).sum())))
    return float((a * b).sum()) / spread if spread > 0 else 1.0

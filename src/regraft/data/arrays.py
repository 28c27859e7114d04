"""Data that is already in memory, or in an .npz file: (x, y), or x_train, y_train, ..."""

import lzma
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.data.labels import label_texts, numbered, sorted_classes
from regraft.data.pictures import ArrayPictures
from regraft.data.source import TEST, TRAIN, VALIDATION, ImageSet, Pixels
from regraft.data.text import listed, shown
from regraft.errors import DataError, expected_received
from regraft.memory import physical_memory

PARTS = {"train": TRAIN, "val": VALIDATION, "test": TEST}
KEYS = tuple(f"{letter}_{part}" for part in PARTS for letter in "xy")
KEYS_SHOWN = "arrays x_train, y_train[, x_val, y_val][, x_test, y_test]"

# what numpy and zipfile raise on a file that is damaged, encrypted (RuntimeError), or compressed in
# a way they do not know (NotImplementedError, which is one)
_UNREADABLE = (
    ValueError, OSError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error,
    lzma.LZMAError,
)  # fmt: skip

ROWS_A_CHECK = 1024  # float pictures are checked in blocks: no second full-size array


def from_arrays(
    parts: Mapping[int, tuple[Any, Any]],
    *,
    name: str,
    class_names: tuple[str, ...] | None = None,
) -> ImageSet:
    """An `ImageSet` over arrays.

    Args:
        parts: Pictures and labels of each part (`TRAIN`, `VALIDATION`, `TEST`); a single part
            means that the data names no split.
        name: What messages call the data.
        class_names: Names of the labels 0, 1, ...; the labels themselves when None.

    Raises:
        DataError: When shapes, types, ranges or lengths do not fit.
    """
    pixels: list[Pixels] = []
    texts: list[str] = []
    split: list[npt.NDArray[np.int64]] = []
    for part, (x, y) in parts.items():
        where = f"{name}, {next(key for key, value in PARTS.items() if value == part)} part"
        pixels.append(_as_pixels(x, what=f"the pictures ({where})"))
        labels = label_texts(y, what=f"the labels ({where})")
        if len(labels) != len(pixels[-1]):
            received = f"{len(pixels[-1]):,} pictures and {len(labels):,} labels ({where})"
            raise DataError(expected_received("one label for each picture", received))
        texts += labels
        split.append(np.full(len(labels), part, np.int64))
    shapes = {block.shape[1:] for block in pixels}
    if len(shapes) > 1:
        received = " and ".join(str(shape) for shape in sorted(shapes))
        raise DataError(
            expected_received("pictures of one shape in all parts", f"{received} in {name}")
        )
    classes = sorted_classes(texts)
    if class_names is not None and set(classes) <= {str(i) for i in range(len(class_names))}:
        labels_numbered = np.array([int(text) for text in texts], np.int64)
        classes = class_names
    else:
        labels_numbered = numbered(texts, classes)
    return ImageSet(
        name=name,
        class_names=classes,
        labels=labels_numbered,
        pictures=ArrayPictures(pixels),
        given_split=np.concatenate(split) if len(parts) > 1 else None,
    )


def from_mapping(arrays: Mapping[str, Any], *, name: str) -> ImageSet:
    """An `ImageSet` over ``{"x_train": ..., "y_train": ..., ...}``; other keys say nothing.

    Raises:
        DataError: When a part has pictures without labels, or there is no training part.
    """
    parts = [part for part in PARTS if f"x_{part}" in arrays or f"y_{part}" in arrays]
    needed = [f"{letter}_{part}" for part in {"train": 0} | dict.fromkeys(parts) for letter in "xy"]
    missing = [key for key in needed if key not in arrays]
    if missing:
        received = f"{name} without {' and '.join(missing)}"
        hint = f"It has {listed([str(key) for key in arrays])}." if arrays else ""
        raise DataError(expected_received(KEYS_SHOWN, received, hint))
    return from_arrays(
        {PARTS[part]: (arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in parts}, name=name
    )


def from_npz(path: Path) -> ImageSet:
    """An `ImageSet` over the arrays of an .npz file. Nothing is ever unpickled.

    Raises:
        DataError: When the file is damaged, holds Python objects, or lacks arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # np.load would take other kinds of files too
            size = sum(info.file_size for info in archive.infolist())
        if size > physical_memory():
            raise MemoryError(size)
        with np.load(path, allow_pickle=False) as file:
            # what is not asked for is not read, but a message about missing keys names it
            arrays = {key: file[key] if key in KEYS else None for key in file.files}
    except _UNREADABLE as error:
        received = f"{path}: {shown(_reason(error))}"
        step = "Write it anew with np.savez or np.savez_compressed."
        raise DataError(
            expected_received("an .npz file of plain number or text arrays", received, step)
        ) from error
    return from_mapping(arrays, name=path.name)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "more than fits into memory when it is unpacked"
    return str(error)


def _as_pixels(x: Any, *, what: str) -> Pixels:
    """(n, h, w, c) uint8; a view where the input is uint8 already."""
    try:
        values = np.asarray(x)
    except ValueError as error:  # a list of several shapes
        step = "Pictures of several sizes can be given as files."
        received = f"{what}: {shown(str(error))}"
        raise DataError(expected_received("pictures of one shape", received, step)) from error
    if values.ndim == 3:
        values = values[..., np.newaxis]
    if values.ndim != 4 or values.shape[-1] not in (1, 3, 4) or 0 in values.shape[1:]:
        step = ""
        if values.ndim == 4 and values.shape[1] in (1, 3, 4):
            step = "Channels come last: use np.moveaxis(x, 1, -1)."
        received = f"shape {np.shape(x)} for {what}"
        raise DataError(
            expected_received(
                "shape (n, h, w) or (n, h, w, c) with 1, 3 or 4 channels", received, step
            )
        )
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind not in "iuf":
        received = f"{values.dtype} for {what}"
        step = "For masks use x.astype(np.uint8) * 255."
        raise DataError(expected_received("uint8 pictures", received, step))
    return _whole_bytes(values, what=what)


def _whole_bytes(values: npt.NDArray[Any], *, what: str) -> Pixels:
    pixels = np.empty(values.shape, np.uint8)
    low, high, whole = np.inf, -np.inf, True
    for start in range(0, len(values), ROWS_A_CHECK):
        block = values[start : start + ROWS_A_CHECK]
        low, high = np.minimum(low, block.min()), np.maximum(high, block.max())  # keep NaN
        whole = whole and bool(np.all(block == np.floor(block)))  # NaN is unequal to itself
        if whole and low >= 0 and high <= 255:
            pixels[start : start + ROWS_A_CHECK] = block
    fits = whole and low >= 0 and high <= 255
    looks_scaled = values.dtype.kind == "f" and high <= 1
    if len(values) == 0 or (fits and not looks_scaled):
        return pixels
    if not (np.isfinite(low) and np.isfinite(high)):
        step = "Remove the pictures with NaN or infinity."
    elif looks_scaled and low >= 0:
        step = "Undo the scaling: (x * 255).round().astype(np.uint8)."
    elif looks_scaled and low >= -1:
        step = "Undo the scaling: ((x + 1) * 127.5).round().astype(np.uint8)."
    elif low >= 0 and high > 255 and values.dtype.kind in "iu":
        step = "For 16-bit pictures use (x // 257).astype(np.uint8)."
    else:
        step = "Pass the pixels as they were before any scaling."
    kind = "" if whole else " with fractions"
    received = f"{values.dtype} in [{low:g}, {high:g}]{kind} for {what}"
    raise DataError(expected_received("whole numbers in 0..255", received, step))

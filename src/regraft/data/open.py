"""`open_data`: any form of DATA becomes one `ImageSet`."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from regraft.data.arrays import from_arrays, from_mapping, from_npz
from regraft.data.decode import reason_unreadable
from regraft.data.folders import from_folder
from regraft.data.idx import from_idx_folder, is_idx_folder
from regraft.data.labels import require_classes, require_pictures
from regraft.data.manifests import MANIFEST_ENDINGS, from_manifest
from regraft.data.named import NAMES, from_name
from regraft.data.pictures import FilePictures, in_threads
from regraft.data.sample import limited
from regraft.data.source import TRAIN, BadImage, ImageSet
from regraft.data.text import as_text, shown
from regraft.errors import (
    BadImageError,
    DataError,
    InvalidArgumentError,
    MissingFileError,
    expected_received,
    nearest,
)

OnBadImage = Literal["fail", "skip"]

Data = str | Path | tuple[Any, ...] | Mapping[str, Any]

FILE_ENDINGS = (".npz", *MANIFEST_ENDINGS)  # of files that hold or name pictures


def open_data(
    data: Data,
    *,
    on_bad_image: OnBadImage = "fail",
    limit: int | None = None,
    seed: int = 0,
    to_train: bool = True,
) -> ImageSet:
    """Open labelled pictures of any kind.

    Args:
        data: A name (`regraft.data.named.NAMES`; ``./mnist`` is a folder of that name); a folder
            with one sub-folder a class, or with such folders in train/, val/ and test/; a folder
            of IDX files; a .csv or .parquet manifest; an .npz file; ``(x, y)`` or
            ``{"x_train": ..., "y_train": ..., ...}``.
        on_bad_image: What to do with files that are no readable pictures. "fail" looks at every
            header now and names a file damaged after its header when it is read; "skip" decodes
            every file once now and drops the bad ones into `ImageSet.bad_images`.
        limit: Use at most so many pictures, in the proportions of parts and classes.
        seed: Decides which pictures `limit` keeps.
        to_train: Refuse what no classifier can be fitted to; else any labelled pictures will do.

    Raises:
        MissingFileError: When there is no such file or folder.
        DataError: When what is there cannot be used.
        BadImageError: With "fail", when a file is no usable picture.
        InvalidArgumentError: For a value of an argument that cannot be.
    """
    if on_bad_image not in ("fail", "skip"):
        raise InvalidArgumentError(expected_received("fail or skip", repr(on_bad_image)))
    images = _opened(data, to_train=to_train)
    if limit is not None:
        require_classes(images)
        images = limited(images, limit=limit, seed=seed)
    if isinstance(images.pictures, FilePictures):
        images = _without_bad_images(images, images.pictures, skip=on_bad_image == "skip")
    if to_train:
        require_classes(images)
    else:
        require_pictures(images)
    return images


def as_path(named: str | Path) -> Path:
    """Where a name of data points, with `~` and `~user` filled in.

    Raises:
        MissingFileError: If there is no such user.
    """
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        received = f"{shown(as_text(str(named)))}, whose user has no home folder here"
        raise MissingFileError(
            expected_received("a file or folder", received, "Write ./~ for a name that begins so.")
        ) from error


def _opened(data: Data, *, to_train: bool) -> ImageSet:
    if isinstance(data, Mapping):
        return from_mapping(data, name="arrays")
    if isinstance(data, tuple):
        if len(data) != 2:
            received = f"a tuple of {len(data)}"
            step = 'For several parts pass {"x_train": ..., "y_train": ..., "x_test": ..., ...}.'
            raise InvalidArgumentError(expected_received("(x, y)", received, step))
        return from_arrays({TRAIN: (data[0], data[1])}, name="arrays")
    try:
        path = as_path(data)
    except TypeError as error:
        received = type(data).__name__
        step = "Arrays are passed together with their labels."
        raise InvalidArgumentError(
            expected_received("a name, a path, (x, y) or a mapping of arrays", received, step)
        ) from error
    if data in NAMES:
        return from_name(str(data))
    called = shown(as_text(str(data)))
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError) as error:  # too long, a null byte
        raise MissingFileError(expected_received("a file or folder", called)) from error
    if is_folder:
        if is_idx_folder(path):
            return from_idx_folder(path)
        return from_folder(path, to_train=to_train)
    if not is_file:
        hint = nearest(called, NAMES)
        raise MissingFileError(
            expected_received("a folder, a file or a known name", f"{called}, not found", hint)
        )
    if path.suffix.casefold() == ".npz":
        return from_npz(path)
    if path.suffix.casefold() in MANIFEST_ENDINGS:
        return from_manifest(path)
    raise DataError(expected_received("a folder, .csv, .parquet or .npz file", called))


def _without_bad_images(images: ImageSet, files: FilePictures, *, skip: bool) -> ImageSet:
    reasons = in_threads(lambda path: reason_unreadable(path, in_full=skip), files.paths)
    names = images.row_names or tuple(map(str, files.paths))
    bad = [
        BadImage(name=name, reason=reason)
        for name, reason in zip(names, reasons, strict=True)
        if reason is not None
    ]
    if not bad:
        return images
    if not skip:
        others = f" (and {len(bad) - 1:,} more like it)" if len(bad) > 1 else ""
        received = f"{shown(bad[0].name)}: {bad[0].reason}{others}"
        step = "Repair or remove it, or use --on-bad-image skip."
        raise BadImageError(expected_received("readable pictures", received, step))
    good = np.flatnonzero(np.array([reason is None for reason in reasons]))
    return dataclasses.replace(images.take(good), bad_images=tuple(bad))

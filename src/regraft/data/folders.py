"""Folders of pictures: one sub-folder a class, perhaps with train/, val/, test/ above them."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from regraft.data.decode import starts_like_a_picture
from regraft.data.labels import numbered, sorted_classes
from regraft.data.pictures import FilePictures
from regraft.data.source import PART_NAMES, TEST, TRAIN, VALIDATION, ImageSet
from regraft.data.text import as_text, listed, shown
from regraft.errors import DataError, expected_received

PART_FOLDERS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}

# a file with such an ending is meant as a picture: if it cannot be decoded, that is said
ALLOWED_ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff")
}
OTHER_ENDINGS = {
    *(".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".pbm", ".pnm", ".ico", ".tga"),
    *(".psd", ".dng", ".cr2", ".nef", ".arw"),
}
PICTURE_ENDINGS = frozenset(ALLOWED_ENDINGS | OTHER_ENDINGS)
NEVER_PICTURES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})  # and all that begins with "."


RUN_FILES = ("recipe.json", "checkpoint/run.json")  # in a folder that `fit` wrote or began


def from_folder(root: Path, *, to_train: bool = True) -> ImageSet:
    """An `ImageSet` over the files below a folder. Reads names and first bytes, no pixels.

    Pictures lie at any depth of a class folder; links to folders are followed, each folder once.
    A folder of runs beside the classes is no class.

    Args:
        root: The folder.
        to_train: A part to train on must be there.

    Raises:
        DataError: When there are no class folders or no pictures, when a class folder is empty, or
            when the parts of the data have different classes.
    """
    folders = [folder for folder in _sub_folders(root) if not _holds_runs(folder)]
    parts = _part_folders(root, folders, to_train=to_train)
    if parts is None:
        found = {TRAIN: _by_class(root, folders)}
    else:
        found = {
            part: _by_class(folder, _sub_folders(folder)) for part, folder in sorted(parts.items())
        }
        _require_equal_classes(root, parts, {part: set(by) for part, by in found.items()})

    paths: list[Path] = []
    classes: list[str] = []
    split: list[int] = []
    for part, by_class in found.items():
        for class_name, pictures in by_class.items():
            paths += pictures
            classes += [class_name] * len(pictures)
            split += [part] * len(pictures)
    names = tuple(as_text(str(path.relative_to(root))) for path in paths)
    class_names = sorted_classes(classes)
    return ImageSet(
        name=as_text(root.resolve().name),
        class_names=class_names,
        labels=numbered(classes, class_names),
        pictures=FilePictures(paths, names),
        given_split=None if parts is None else np.array(split, np.int64),
        row_names=names,
    )


def _holds_runs(folder: Path) -> bool:
    """Did `fit` write it, or what is in it? A run may lie where its data do."""
    return any(
        (place / name).exists() for place in (folder, *_sub_folders(folder)) for name in RUN_FILES
    )


def _part_folders(root: Path, folders: list[Path], *, to_train: bool) -> dict[int, Path] | None:
    """The folder of each part, or None when the sub-folders of `root` are classes."""
    parts: dict[int, Path] = {}
    others: list[str] = []
    for folder in folders:
        part = PART_FOLDERS.get(folder.name.casefold())
        if part is None:
            others.append(as_text(folder.name))
        elif part in parts:
            received = f"{shown(parts[part].name)}/ and {shown(folder.name)}/ in {shown(str(root))}"
            raise DataError(expected_received(f"one {PART_NAMES[part]} folder", received))
        else:
            parts[part] = folder
    if parts and not others and (len(parts) > 1 or not to_train):
        # nothing but parts, none of which can be a class
        if to_train and TRAIN not in parts:
            named = listed([as_text(folder.name) for folder in parts.values()])
            received = f"only {named} in {shown(as_text(str(root)))}"
            raise DataError(expected_received("a folder train beside other parts", received))
        return parts
    if TRAIN not in parts or not _sub_folders(parts[TRAIN]):
        return None  # "train" may well be a class: train, bus, car
    if others and len(parts) == 1 and not _are_parts(parts[TRAIN], others, folders):
        return None
    if others:
        received = f"both in {shown(str(root))}: {listed(others)}"
        step = "Call a part val/ or test/, and move other folders elsewhere."
        raise DataError(
            expected_received("train/, val/ and test/, or one sub-folder a class", received, step)
        )
    return parts


def _are_parts(train: Path, others: list[str], folders: list[Path]) -> bool:
    """Do folders beside train/ hold the classes of train/, under a name that says no part?"""
    classes = {child.name for child in _sub_folders(train)}
    held = [
        {child.name for child in _sub_folders(folder)}
        for folder in folders
        if as_text(folder.name) in others
    ]
    return any(len(names) > 1 and names <= classes for names in held)


def _by_class(folder: Path, children: list[Path]) -> dict[str, list[Path]]:
    """Pictures of each class folder in a folder, in the order of their names."""
    found: dict[str, list[Path]] = {}
    for child in children:
        # archives of one system spell an accent as a letter and a mark, those of others as one
        name = unicodedata.normalize("NFC", as_text(child.name))
        found.setdefault(name, []).extend(_pictures_below(child))
    if not found:
        loose = sum(_is_picture(entry) for entry in _entries(folder))
        received = f"{loose:,} pictures and no sub-folder in {shown(as_text(str(folder)))}"
        step = "Sort the pictures into a sub-folder a class, or name them in a .csv manifest."
        raise DataError(expected_received("one sub-folder of pictures a class", received, step))
    empty = [name for name, pictures in found.items() if not pictures]
    if empty:
        received = f"none in {listed(empty)} ({shown(as_text(str(folder)))})"
        step = "Add pictures, or remove the folder."
        raise DataError(expected_received("pictures in every class folder", received, step))
    return found


def _require_equal_classes(
    root: Path, parts: dict[int, Path], classes: dict[int, set[str]]
) -> None:
    first = classes[min(classes)]
    for part, names in classes.items():
        lacking, extra = sorted(first - names), sorted(names - first)
        if lacking or extra:
            facts = [f"{what} {listed(which)}" for what, which in
                     (("without", lacking), ("with an additional", extra)) if which]  # fmt: skip
            received = f"{shown(parts[part].name)}/ {' and '.join(facts)}"
            raise DataError(
                expected_received(
                    f"the same class folders in all parts of {shown(as_text(str(root)))}", received
                )
            )


def _pictures_below(folder: Path) -> Iterator[Path]:
    # each real folder once, and none above: links may form loops
    seen = {_real(parent) for parent in folder.resolve().parents}
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if _real(here) in seen:
            continue
        seen.add(_real(here))
        inner: list[Path] = []
        for entry in _entries(here):
            path = Path(entry.path)
            if _is_folder(entry) and not (_ends_like_a_picture(entry.name) and not _entries(path)):
                inner.append(path)
            elif _is_picture(entry):
                yield path
        waiting += reversed(inner)


def _is_picture(entry: os.DirEntry[str]) -> bool:
    """Whether a file is meant as one: by its ending, or else by its first bytes."""
    if _ends_like_a_picture(entry.name):
        return True
    try:
        if not entry.is_file():
            return False
        with Path(entry.path).open("rb") as file:
            return starts_like_a_picture(file.read(12))
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _real(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _ends_like_a_picture(name: str) -> bool:
    return Path(name).suffix.casefold() in PICTURE_ENDINGS


def _sub_folders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in _entries(folder) if _is_folder(entry)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, by name, without what systems leave there."""
    try:
        with os.scandir(folder) as entries:
            kept = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        received = f"{shown(as_text(str(folder)))}: {error.strerror}"
        raise DataError(expected_received("a folder that can be read", received)) from error
    kept = [entry for entry in kept if entry.name.casefold() not in NEVER_PICTURES]
    return sorted(kept, key=lambda entry: entry.name)

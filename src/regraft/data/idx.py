"""IDX files, the form in which MNIST and its relatives are published.

Format: two zero bytes, a type byte (8: unsigned byte), the number of dimensions, each dimension
as a big-endian 32-bit number, then the values. Source: the page of the MNIST database.
"""

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from regraft.data.arrays import from_arrays
from regraft.data.source import PART_NAMES, TEST, TRAIN, VALIDATION, ImageSet
from regraft.data.text import as_text, shown
from regraft.errors import DataError, expected_received
from regraft.memory import physical_memory

PICTURE_FILE = re.compile(r"(?P<part>.*)images[.-]idx(?P<dimensions>[34])-ubyte(\.gz)?")
PART_WORDS = {"train": TRAIN, "valid": VALIDATION, "t10k": TEST, "test": TEST}
UNSIGNED_BYTE = 8
UNREADABLE = (OSError, EOFError, ValueError, OverflowError, MemoryError, struct.error, zlib.error)


def is_idx_folder(folder: Path) -> bool:
    """Whether a folder holds IDX files of pictures."""
    try:
        return any(PICTURE_FILE.fullmatch(path.name) for path in folder.iterdir())
    except OSError:  # whoever opens it next says so
        return False


def from_idx_folder(folder: Path) -> ImageSet:
    """An `ImageSet` over ``train-images-idx3-ubyte[.gz]``, ``train-labels-idx1-ubyte[.gz]``, ...

    ``t10k`` and ``test`` are the test part, ``valid`` is the validation part.

    Raises:
        DataError: When files are missing, damaged, or of another kind.
    """
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):  # "x" comes before "x.gz", its twin
        match = PICTURE_FILE.fullmatch(path.name)
        if match is None:
            continue
        part = next((n for word, n in PART_WORDS.items() if word in match["part"].casefold()), None)
        twin = found.get(part) if part is not None else None
        if twin is not None and path.name == f"{twin.name}.gz":
            continue
        if part is None or twin is not None:
            received = f"{shown(as_text(path.name))} in {shown(as_text(str(folder)))}"
            step = "Keep one data set a folder."
            raise DataError(
                expected_received("one train, valid and t10k or test file each", received, step)
            )
        found[part] = path
    if TRAIN not in found:
        received = f"only {', '.join(PART_NAMES[part] for part in found)} files"
        raise DataError(expected_received(f"IDX files to train on in {folder}", received))
    parts = {part: (_values(found[part]), _values(_labels_file(found[part]))) for part in found}
    return from_arrays(dict(sorted(parts.items())), name=as_text(folder.resolve().name))


def _labels_file(pictures: Path) -> Path:
    stem = re.sub(r"images([.-])idx[34]-ubyte(\.gz)?$", r"labels\1idx1-ubyte", pictures.name)
    for candidate in (stem, f"{stem}.gz"):
        path = pictures.with_name(candidate)
        if path.is_file():
            return path
    received = f"none beside {shown(as_text(str(pictures)))}"
    raise DataError(expected_received(f"labels in {shown(as_text(stem))}[.gz]", received))


def _values(path: Path) -> npt.NDArray[np.uint8]:
    """Everything in one file, in the shape its header states."""
    try:
        with _opened(path) as file:
            zero, kind, n_dimensions = struct.unpack(">HBB", file.read(4))
            shape = struct.unpack(f">{n_dimensions}I", file.read(4 * n_dimensions))
            if math.prod(shape) > physical_memory():
                raise MemoryError("its header promises more bytes than there is memory")
            data = file.read(math.prod(shape) + 1)  # one more, to see whether too much is there
        whole = zero == 0 and kind == UNSIGNED_BYTE and len(data) == math.prod(shape)
        problem = "" if whole else "its size or kind is not the one in its header"
        values = np.frombuffer(data, np.uint8).reshape(shape) if whole else None
    except UNREADABLE as error:
        values, problem = None, str(error)
    if values is None:
        received = f"{shown(as_text(str(path)))}: {problem}"
        raise DataError(expected_received("a complete IDX file of unsigned bytes", received))
    return values


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")

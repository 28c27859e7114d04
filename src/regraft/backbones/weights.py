"""Finding the pretrained weights of a backbone: named file, bundle, mirror, network.

A file whose hash is the published one is what its name says. Any other is taken only when
it was named on purpose, by its path or through REGRAFT_WEIGHTS; it is then called "custom
weights", and recorded with its own hash. Whether it fits the network is checked when it is
loaded (see `loading`).
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regraft.backbones.row import Backbone
from regraft.errors import (
    DiskSpaceError,
    MissingFileError,
    WeightsUnavailableError,
    expected_received,
)

Origin = Literal["bundled", "mirror", "downloaded", "custom weights"]

BUNDLE = Path(__file__).parent / "bundled"
MIRROR_VARIABLE = "REGRAFT_WEIGHTS"

_CHUNK = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A weight file that may be read."""

    path: Path
    origin: Origin
    sha256: str  # hex, of the whole file


def find_weights(
    row: Backbone,
    *,
    path: Path | None = None,
    download: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Weights:
    """The weights of a backbone, from the first place that has them.

    Args:
        row: The backbone.
        path: A file, or a folder with one of its file names, that is used instead of any
            other place.
        download: Fetch the file where it is in no folder.
        progress: Told the bytes fetched so far and those announced (0: unknown).

    Raises:
        MissingFileError: If `path` does not exist, or is a folder without the file.
        WeightsUnavailableError: If no place has the file. The message says where to put it.
        DiskSpaceError: If there is no room for the download.
    """
    if path is not None:
        return _named(row, _inside(row, path))
    bundled = BUNDLE / row.weights.file_name
    if bundled.is_file():
        return Weights(path=bundled, origin="bundled", sha256=_hashes(bundled)["sha256"])
    if (mirror := _mirror()) is not None and (file := _first(row, mirror)) is not None:
        return _named(row, file)
    rejected = ""
    if (file := _first(row, keras_cache())) is not None:
        hashes = _hashes(file)
        if not row.weights.hash or _is_published(row, hashes):
            return Weights(path=file, origin="mirror", sha256=hashes["sha256"])
        rejected = f"{file}, whose hash is not the published one"
    if download and row.weights.url:
        return _download(row, progress)
    raise _unavailable(row, rejected or "no such file")


def are_at_hand(row: Backbone) -> bool:
    """Whether some folder has the weights. Nothing is read or fetched."""
    folders = [BUNDLE, keras_cache()]
    if (mirror := _mirror()) is not None:
        folders.append(mirror)
    return any(_first(row, folder) is not None for folder in folders)


def keras_cache() -> Path:
    """The folder where Keras keeps weights, which we share."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def _mirror() -> Path | None:
    folder = os.environ.get(MIRROR_VARIABLE)
    return Path(folder).expanduser() if folder else None


def _file_names(row: Backbone) -> Iterator[str]:
    yield row.weights.file_name
    yield from row.weights.also


def _first(row: Backbone, folder: Path) -> Path | None:
    return next((folder / name for name in _file_names(row) if (folder / name).is_file()), None)


def _inside(row: Backbone, path: Path) -> Path:
    file = path if path.is_file() else _first(row, path)
    if file is None:
        found = "a folder without it" if path.is_dir() else "no such file"
        raise MissingFileError(
            expected_received(f"{row.weights.file_name} at {path}", found, "Check the path.")
        )
    return file


def _named(row: Backbone, file: Path) -> Weights:
    """A file that was named on purpose: it need not be the published one."""
    hashes = _hashes(file)
    origin: Origin = "mirror" if _is_published(row, hashes) else "custom weights"
    return Weights(path=file, origin=origin, sha256=hashes["sha256"])


def _is_published(row: Backbone, hashes: dict[str, str]) -> bool:
    algorithm, _, value = row.weights.hash.partition(":")
    return bool(value) and hashes[algorithm] == value


def _hashes(file: Path) -> dict[str, str]:
    digests = {
        "md5": hashlib.md5(usedforsecurity=False),  # what Keras publishes
        "sha256": hashlib.sha256(),
    }
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            for digest in digests.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _download(row: Backbone, progress: Callable[[int, int], None] | None) -> Weights:
    """Fetch the file into Keras's folder: locked, to a temporary file, checked, renamed."""
    import filelock

    from regraft.backbones.download import fetch

    target = keras_cache() / row.weights.file_name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.with_name(f".{target.name}.lock")):
            # another process may have fetched it while this one waited
            if not (target.is_file() and _is_published(row, _hashes(target))):
                fetch(
                    row.weights.url,
                    target,
                    expected_hash=row.weights.hash,
                    progress=progress,
                )
    except DiskSpaceError:
        raise
    except OSError as error:  # urllib's errors are such, too
        raise _unavailable(row, f"{row.weights.url}: {error}") from error
    return Weights(path=target, origin="downloaded", sha256=_hashes(target)["sha256"])


def _unavailable(row: Backbone, found: str) -> WeightsUnavailableError:
    folder = _mirror() or keras_cache()
    hashed = f" ({row.weights.hash})" if row.weights.hash else ""
    source = f" from {row.weights.url}" if row.weights.url else ""
    return WeightsUnavailableError(
        expected_received(
            f"the weights of {row.name}",
            found,
            f"Put {row.weights.file_name}{hashed}{source} into {folder}, or choose the bundled "
            "efficientnet_lite0.",
        )
    )

"""The files of an artefact: their names, reading them without trust, and their hashes."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from regraft.artefact.recipe import SCHEMA, Manifest
from regraft.artefact.runs import how_to_resume, is_unfinished
from regraft.backbones.loading import UNKNOWN_TO_NUMPY
from regraft.errors import ArtefactError, expected_received

RECIPE, WEIGHTS, LABELS, METRICS, MANIFEST, CARD = (
    "recipe.json",
    "weights.safetensors",
    "labels.json",
    "metrics.json",
    "manifest.json",
    "README.md",
)

FIT_AGAIN = "Copy the folder anew, or run `regraft fit` again."

Tensors = dict[str, npt.NDArray[Any]]
Model = TypeVar("Model", bound=BaseModel)


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its hash; the card may differ, people edit it.

    Raises:
        ArtefactError: For the first file that is missing or altered.
    """
    required = {RECIPE, WEIGHTS, LABELS, METRICS}
    for name in sorted(required | set(manifest.files)):
        path = folder / name
        # the name comes from a file: it must not lead out of the folder
        is_here = Path(name).name == name and path.is_file()
        wanted = manifest.files.get(name)
        found = sha256(path) if is_here else "no such file"
        if name == CARD and is_here:
            continue  # people may edit their model card
        if found != wanted:
            raise ArtefactError(
                expected_received(
                    f"{path} as it was written (SHA-256 {wanted or 'in the manifest'})",
                    found,
                    FIT_AGAIN,
                )
            )


def read_model(folder: Path, name: str, schema: type[Model]) -> Model:
    """A JSON file as its schema says.

    Raises:
        ArtefactError: If the file is missing, is no JSON, or does not follow the schema.
    """
    value = read_json(folder, name)
    if isinstance(value, dict) and value.get("schema_version") not in (None, SCHEMA):
        raise ArtefactError(
            expected_received(
                f"schema {SCHEMA} in {folder / name}",
                f"schema {value['schema_version']}",
                "Use the version of regraft that wrote it.",
            )
        )
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ArtefactError(
            expected_received(
                f"{folder / name} as its schema says", f"{place}: {first['msg']}", FIT_AGAIN
            )
        ) from error


def read_json(folder: Path, name: str) -> Any:
    """A JSON file.

    Raises:
        ArtefactError: If the file is missing or is no JSON.
    """
    return _reading(folder / name, lambda path: json.loads(path.read_text(encoding="utf-8")))


def read_tensors(folder: Path) -> Tensors:
    """All tensors by name.

    Raises:
        ArtefactError: If the file is missing or is no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors: Tensors = _reading(folder / WEIGHTS, load_file)
    except (SafetensorError, *UNKNOWN_TO_NUMPY) as error:
        raise ArtefactError(
            expected_received(f"tensors in {folder / WEIGHTS}", str(error), FIT_AGAIN)
        ) from error
    return tensors


def _reading(path: Path, read: Callable[[Path], Any]) -> Any:
    try:
        return read(path)
    except FileNotFoundError as error:
        received, step = "none", "Name the folder that `regraft fit` wrote."
        if is_unfinished(path.parent):
            received, step = "an unfinished run", f"To go on: {how_to_resume(path.parent)}"
        raise ArtefactError(
            expected_received(f"a file {path.name} in {path.parent}", received, step)
        ) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested without end
        raise ArtefactError(expected_received(f"JSON in {path}", str(error), FIT_AGAIN)) from error


def write_tensors(path: Path, tensors: Tensors) -> None:
    """Write tensors by name, readable by whom the folder is."""
    from safetensors.numpy import save as as_bytes

    path.write_bytes(as_bytes(tensors))  # `save_file` makes it private to this user


def write_ascii(path: Path, value: Any) -> None:
    """Plain ASCII, so that any class name survives any editor."""
    path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="ascii")


def sha256(path: Path) -> str:
    """Hex, of the whole file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""An artefact on disk: a folder that holds a classifier and needs nothing else.

    recipe.json          what to compute (schema: `Recipe`)
    weights.safetensors  the trunk up to its last tap, and the heads
    labels.json          class names, in the order of the head
    metrics.json         what was measured when it was fitted
    manifest.json        versions, data, split, seed, command, and the hash of every other file
    README.md            the model card

Loading reads numbers and text. Nothing is unpickled, no class is deserialised, no code is named
by a file. The hashes tell damage; whoever alters a file on purpose can alter its hash too.
"""

import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft import __version__
from regraft.adapt.resize import RESIZE_VERSION
from regraft.artefact.card import model_card
from regraft.artefact.classifier import Classifier, make_extractor
from regraft.artefact.files import (
    CARD,
    FIT_AGAIN,
    LABELS,
    MANIFEST,
    METRICS,
    RECIPE,
    WEIGHTS,
    Tensors,
    check_files,
    read_json,
    read_model,
    read_tensors,
    sha256,
    write_ascii,
    write_tensors,
)
from regraft.artefact.recipe import Manifest, Recipe
from regraft.backbones.loading import assign_tensors, tensors_of
from regraft.data.decode import DECODE_VERSION
from regraft.errors import (
    ArtefactError,
    InvalidArgumentError,
    MissingFileError,
    expected_received,
)
from regraft.records import HiddenHead, LinearHead
from regraft.storage import TEMPORARY_PREFIX, atomic_folder

KERNEL, BIAS, TRUNK = "head/kernel", "head/bias", "trunk/"
INTO, INTO_BIAS = "hidden/into", "hidden/into_bias"
OUT, OUT_BIAS = "hidden/out", "hidden/out_bias"

# decides the numbers; recorded so that a difference can be explained
VERSIONED = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "pillow")


def save(folder: Path, classifier: Classifier, *, command: str) -> None:
    """Write a classifier to a new folder, completely or not at all.

    Args:
        folder: Must not exist yet.
        classifier: What to write.
        command: How it was made, as a person would repeat it.

    Raises:
        FileExistsError: If `folder` exists: nothing is overwritten.
        DiskSpaceError: If the disk fills; nothing is left behind.
    """
    with atomic_folder(folder) as new:
        write_tensors(new / WEIGHTS, _tensors_of(classifier))
        write_ascii(new / RECIPE, classifier.recipe.model_dump(mode="json"))
        write_ascii(new / LABELS, list(classifier.class_names))
        write_ascii(new / METRICS, dict(classifier.metrics))
        (new / CARD).write_text(model_card(classifier, command), encoding="utf-8")
        manifest = Manifest(
            versions=_versions(),
            command=command,
            data=classifier.origin,
            files={path.name: sha256(path) for path in sorted(new.iterdir())},
        )
        write_ascii(new / MANIFEST, manifest.model_dump(mode="json"))


def save_into(folder: Path, classifier: Classifier, *, command: str) -> None:
    """Write a classifier into the folder of its run, in place of what a stopped run left there.

    The manifest goes first and comes last: until all is there, the folder is no artefact.

    Args:
        folder: Of the run.
        classifier: What to write.
        command: How it was made, as a person would repeat it.

    Raises:
        DiskSpaceError: If the disk fills; what was there stays.
    """
    new = folder / f"{TEMPORARY_PREFIX}artefact"
    if new.exists():  # from a kill
        shutil.rmtree(new)
    save(new, classifier, command=command)
    (folder / MANIFEST).unlink(missing_ok=True)
    for path in sorted(new.iterdir(), key=lambda path: path.name == MANIFEST):
        path.replace(folder / path.name)
    new.rmdir()


def load(folder: str | Path) -> Classifier:
    """Read the classifier that `regraft fit` wrote. Needs no network and no other file.

    Raises:
        MissingFileError: If there is no such folder.
        ArtefactError: If a file is missing, altered, or of another schema.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(
            expected_received(
                "the folder of an artefact",
                f"{folder}, which is none",
                "`regraft fit DATA --out FOLDER` makes one.",
            )
        )
    manifest = read_model(folder, MANIFEST, Manifest)
    check_files(folder, manifest)
    recipe = read_model(folder, RECIPE, Recipe)
    _check_versions(folder, recipe)
    class_names = _class_names(folder, recipe)
    tensors = read_tensors(folder)
    hidden = _hidden(folder, recipe, tensors)
    head = LinearHead(
        kernel=_taken(folder, tensors, KERNEL, (recipe.n_features, recipe.n_classes)),
        bias=_taken(folder, tensors, BIAS, (recipe.n_classes,)),
        l2=recipe.l2,
        temperature=recipe.temperature,
    )
    return Classifier(
        recipe=recipe,
        class_names=class_names,
        extractor=_extractor(folder, recipe, tensors),
        head=head,
        hidden=hidden,
        metrics=read_json(folder, METRICS),
        origin=manifest.data,
    )


def trunk_of(extractor: Any) -> Any:
    """The one nested model of an extractor: the part that has weights."""
    import keras

    return next(layer for layer in extractor.layers if isinstance(layer, keras.Model))


def _tensors_of(classifier: Classifier) -> Tensors:
    tensors: Tensors = {
        TRUNK + name: _halved_if_exact(values)
        for name, values in tensors_of(trunk_of(classifier.extractor)).items()
    }
    tensors[KERNEL] = np.ascontiguousarray(classifier.head.kernel)
    tensors[BIAS] = np.ascontiguousarray(classifier.head.bias)
    if (hidden := classifier.hidden) is not None:
        tensors[INTO] = np.ascontiguousarray(hidden.into)
        tensors[INTO_BIAS] = np.ascontiguousarray(hidden.into_bias)
        tensors[OUT] = np.ascontiguousarray(hidden.out)
        tensors[OUT_BIAS] = np.ascontiguousarray(hidden.out_bias)
    return tensors


def _halved_if_exact(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Weights that came from float16 (the shipped ones) go back to it: half the bytes."""
    if values.dtype != np.float32:
        return values
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    is_exact = np.array_equal(half.astype(np.float32), values)
    return np.ascontiguousarray(half if is_exact else values)


def _extractor(folder: Path, recipe: Recipe, tensors: Tensors) -> Any:
    trunk = {name.removeprefix(TRUNK): values for name, values in tensors.items()}
    try:
        extractor = make_extractor(recipe, weights=None)
        assign_tensors(trunk_of(extractor), trunk)
        surplus = sorted(set(trunk) - set(tensors_of(trunk_of(extractor))))
    except InvalidArgumentError as error:
        raise ArtefactError(
            expected_received(
                f"a recipe and weights in {folder} that regraft {__version__} can build",
                str(error),
                FIT_AGAIN,
            )
        ) from error
    if surplus:
        raise ArtefactError(
            expected_received(
                f"only tensors of the recipe in {folder / WEIGHTS}", f"{surplus[0]} too", FIT_AGAIN
            )
        )
    return extractor


def _hidden(folder: Path, recipe: Recipe, tensors: Tensors) -> HiddenHead | None:
    n = recipe.hidden_units
    if not n:
        return None
    return HiddenHead(
        into=_taken(folder, tensors, INTO, (recipe.n_features, n)),
        into_bias=_taken(folder, tensors, INTO_BIAS, (n,)),
        out=_taken(folder, tensors, OUT, (n, recipe.n_classes)),
        out_bias=_taken(folder, tensors, OUT_BIAS, (recipe.n_classes,)),
        temperature=recipe.hidden_temperature,
        share=recipe.hidden_share,
    )


def _taken(
    folder: Path, tensors: Tensors, name: str, shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Take one tensor out, so that what is left at the end does not belong."""
    tensor = tensors.pop(name, None)
    if tensor is None or tensor.shape != shape or tensor.dtype.kind != "f":
        raise ArtefactError(
            expected_received(
                f"a tensor {name} of shape {shape} in {folder / WEIGHTS}",
                "none" if tensor is None else f"{tensor.dtype} {tensor.shape}",
                FIT_AGAIN,
            )
        )
    return tensor.astype(np.float32)


def _check_versions(folder: Path, recipe: Recipe) -> None:
    wanted = (recipe.decode_version, recipe.resize_version)
    if wanted != (DECODE_VERSION, RESIZE_VERSION):
        raise ArtefactError(
            expected_received(
                f"decoder {DECODE_VERSION} and resize {RESIZE_VERSION} in {folder / RECIPE}",
                f"decoder {wanted[0]} and resize {wanted[1]}",
                "Use the version of regraft that its manifest names, or run `regraft fit` again.",
            )
        )


def _class_names(folder: Path, recipe: Recipe) -> tuple[str, ...]:
    names = read_json(folder, LABELS)
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not is_list or len(names) != recipe.n_classes:
        raise ArtefactError(
            expected_received(
                f"a list of {recipe.n_classes} class names in {folder / LABELS}",
                f"{len(names)} entries" if is_list else type(names).__name__,
                FIT_AGAIN,
            )
        )
    return tuple(names)


def _versions() -> dict[str, str]:
    found = {"regraft": __version__, "python": sys.version.split()[0]}
    for name in VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

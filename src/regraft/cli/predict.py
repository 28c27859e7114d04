"""`regraft predict ARTEFACT PICTURE...`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regraft.cli.options import BadImages, JsonFile, Quiet
from regraft.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from regraft.artefact.classifier import Classifier

TOGETHER = 256  # pictures decoded at once


def predict(
    artefact: Annotated[Path, typer.Argument(metavar="ARTEFACT", help="Folder that fit wrote.")],
    pictures: Annotated[
        list[Path], typer.Argument(metavar="PICTURE...", help="JPEG, PNG, WEBP, BMP, GIF or TIFF.")
    ],
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Classes shown a picture.")] = 1,
    on_bad_image: BadImages = "fail",
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Say which class each picture shows, with the probability."""
    from regraft.artefact.store import load
    from regraft.data.text import as_text, shown
    from regraft.report.terminal import columns
    from regraft.storage import write_json

    with TerminalProgress(quiet=quiet) as progress:
        classifier = load(artefact)
        answers = []
        for start in range(0, len(pictures), TOGETHER):
            some = pictures[start : start + TOGETHER]
            answers += _answers(classifier, some, skip=on_bad_image == "skip", progress=progress)
    if json is not None:
        names = list(classifier.class_names)
        write_json(json, {"schema": 1, "class_names": names, "predictions": answers})
    rows = []
    for answer in answers:
        ranked = sorted(answer["probabilities"].items(), key=lambda pair: -pair[1])[:top]
        cells = (f"{shown(name)} {probability:.4f}" for name, probability in ranked)
        rows.append((shown(as_text(answer["picture"])), *cells))
    typer.echo(columns(rows))


def _answers(
    classifier: "Classifier", paths: list[Path], *, skip: bool, progress: TerminalProgress
) -> list[dict[str, Any]]:
    from regraft.artefact.classifier import pixels
    from regraft.errors import BadImageError

    read = {}
    for path in paths:
        try:
            read[path] = pixels(path, reduce_to=classifier.recipe.size)
        except BadImageError as error:
            if not skip:
                raise
            progress.note(f"Left out: {error}")
    predictions = classifier.predict(list(read.values()))
    return [
        {
            "picture": str(path),
            "class": name,
            "probability": float(row.max()),
            "probabilities": dict(zip(classifier.class_names, map(float, row), strict=True)),
        }
        for path, name, row in zip(read, predictions.names, predictions.probabilities, strict=True)
    ]

"""`regraft predict ARTEFACT PICTURE...`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regraft.cli.options import BadImages, JsonFile, Quiet
from regraft.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from regraft.artefact.classifier import Classifier
    from regraft.data.source import BadImage
    from regraft.records import FloatArray


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
    from regraft.artefact.classifier import BATCH_SIZE
    from regraft.artefact.store import load
    from regraft.report.predict_terminal import predict_lines
    from regraft.storage import write_json

    with TerminalProgress(quiet=quiet) as progress:
        classifier = load(artefact)
        answers: list[dict[str, Any]] = []
        left_out: list[BadImage] = []
        for start in range(0, len(pictures), BATCH_SIZE):
            paths = pictures[start : start + BATCH_SIZE]
            _answer(classifier, paths, answers, left_out, skip=on_bad_image == "skip")
            if len(pictures) > BATCH_SIZE:
                progress.advance("predict", start + len(paths), len(pictures))
    view = {
        "schema": 1,
        "class_names": list(classifier.class_names),
        "predictions": answers,
        "left_out": [bad.as_json() for bad in left_out],
    }
    if json is not None:
        write_json(json, view)
    typer.echo(predict_lines(view, top=top))


def _answer(
    classifier: "Classifier",
    paths: list[Path],
    answers: list[dict[str, Any]],
    left_out: "list[BadImage]",
    *,
    skip: bool,
) -> None:
    """Add one answer a path, in their order, or say why there is none."""
    import numpy as np

    from regraft.data.pictures import in_threads
    from regraft.data.source import BadImage
    from regraft.data.text import as_text

    read = in_threads(lambda path: _prepared(classifier, path, skip=skip), paths)
    batch = [each for each in read if not isinstance(each, BadImage)]
    rows: Iterator[FloatArray] = iter(classifier.answer(np.stack(batch)) if batch else ())
    for path, each in zip(paths, read, strict=True):
        if isinstance(each, BadImage):
            left_out.append(each)
            continue
        row = next(rows)
        answers.append(
            {
                "picture": as_text(str(path)),
                "class": classifier.class_names[int(row.argmax())],
                "probability": float(row.max()),
                "probabilities": dict(zip(classifier.class_names, map(float, row), strict=True)),
            }
        )


def _prepared(classifier: "Classifier", path: Path, *, skip: bool) -> "FloatArray | BadImage":
    from regraft.data.decode import reason_unreadable
    from regraft.data.source import BadImage
    from regraft.data.text import as_text
    from regraft.errors import BadImageError

    try:
        return classifier.prepared(path)
    except BadImageError as error:
        if not skip:
            raise
        reason = reason_unreadable(path, in_full=True) or str(error)
        return BadImage(name=as_text(str(path)), reason=reason)

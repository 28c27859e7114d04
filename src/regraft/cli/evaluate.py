"""`regraft evaluate ARTEFACT DATA`."""

from pathlib import Path
from typing import Annotated

import typer

from regraft.cli.options import BadImages, JsonFile, Limit, Quiet
from regraft.cli.progress import TerminalProgress


def evaluate(
    artefact: Annotated[Path, typer.Argument(metavar="ARTEFACT", help="Folder that fit wrote.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="As for fit.")],
    limit: Limit = None,
    on_bad_image: BadImages = "fail",
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Measure an artefact on labelled pictures; of its own data, on the test part."""
    from regraft.pipeline import evaluate as run
    from regraft.report.terminal import evaluate_lines
    from regraft.storage import write_json

    with TerminalProgress(quiet=quiet) as progress:
        result = run(artefact, data, limit=limit, on_bad_image=on_bad_image, progress=progress)
    view = result.as_json()
    if json is not None:
        write_json(json, view)
    typer.echo(evaluate_lines(view))

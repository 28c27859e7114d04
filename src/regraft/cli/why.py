"""`regraft why SCRIPT`."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regraft.cli.options import JsonFile, Quiet, seconds, written_file
from regraft.cli.progress import TerminalProgress
from regraft.errors import InvalidArgumentError, expected_received

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from regraft.diagnose.diagnosis import Diagnosis
    from regraft.report.why_view import View

    Pictures = dict[str, npt.NDArray[np.uint8]]

CAUSES_FOUND, SCRIPT_FAILED = 1, 3  # exit status
NARROWEST, WIDEST = 60, 110  # characters a line


def why(
    script: Annotated[
        Path, typer.Argument(metavar="SCRIPT", help="A .py script or .ipynb notebook with Keras.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- ARGS", help="Arguments of the script, after --."),
    ] = None,
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="For the whole diagnosis: 90s, 5m, 1h.")
    ] = "3m",
    python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Interpreter of the script, if it is another one."),
    ] = None,
    fix: Annotated[
        Path | None,
        written_file("Write the repaired script, run it, measure it.", metavar="OUT.py"),
    ] = None,
    html: Annotated[
        Path | None,
        written_file("Write a page to look at."),
    ] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Find out why a training script's validation accuracy is low, by measuring repairs."""
    time_allowed = seconds(budget)
    for option, path in (("--fix", fix), ("--html", html), ("--json", json)):
        _require_other_file(option, path, script)

    from regraft.diagnose.as_json import as_json
    from regraft.pipeline import why as run
    from regraft.storage import atomic_file, write_json

    with TerminalProgress(quiet=quiet) as progress:
        diagnosis = run(
            script,
            budget=time_allowed,
            python=python,
            arguments=tuple(arguments or ()),
            fix=fix,
            progress=progress,
        )
        if fix is not None and diagnosis.error is None and not diagnosis.findings:
            progress.note(f"Nothing to repair: {fix} is not written.")
    view = as_json(diagnosis)
    if json is not None:
        write_json(json, view)
    pictures, captions = pictures_of(diagnosis)
    if html is not None:
        from regraft.report.why_html import why_page

        with atomic_file(html) as file:
            file.write(why_page(view, pictures=pictures, captions=captions).encode())
    typer.echo(report(view, pictures, captions))
    if view["error"] is not None:
        raise typer.Exit(SCRIPT_FAILED)
    if view["findings"]:
        raise typer.Exit(CAUSES_FOUND)


def report(view: "View", pictures: "Pictures", captions: tuple[str, ...]) -> str:
    """What the terminal shows, as wide as it is."""
    from regraft.report.why_terminal import why_lines

    return why_lines(
        view,
        pictures=pictures,
        captions=captions,
        width=max(NARROWEST, min(WIDEST, shutil.get_terminal_size((96, 24)).columns)),
        colour=_shows_colour(),
    )


def _require_other_file(option: str, path: Path | None, script: Path) -> None:
    """The user's script is never written to."""
    if path is not None and path.resolve() == script.resolve():
        raise InvalidArgumentError(
            expected_received(f"another file than the script for {option}", str(path))
        )


def pictures_of(diagnosis: "Diagnosis") -> tuple["Pictures", tuple[str, ...]]:
    """Pictures as they were fed and repaired, and their captions; none where none were kept."""
    held = diagnosis.pictures
    if held is None:
        return {}, ()
    pictures: Pictures = {"as_fed": held.as_fed}
    if held.repaired is not None:
        pictures["repaired"] = held.repaired
    return pictures, held.labels


def _shows_colour() -> bool:
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    encodes_blocks = (sys.stdout.encoding or "").lower().startswith("utf")
    return is_terminal and encodes_blocks and "NO_COLOR" not in os.environ

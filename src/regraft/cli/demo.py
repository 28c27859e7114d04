"""`regraft demo`: the whole way on pictures and weights that ship with the package."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from regraft.cli.options import JsonFile, Quiet
from regraft.cli.progress import TerminalProgress
from regraft.cli.why import SCRIPT_FAILED

N_SHOWN = 4
BROKEN = Path(__file__).with_name("broken_digits.txt")
WHY_SECONDS = 90.0


def demo(
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new folder; else runs/digits-N.")
    ] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Fit 5,000 digits and predict a few; then ask why a broken script does not learn them."""
    from regraft.storage import write_json

    fitted = _fit_digits(out, quiet=quiet)
    asked = _ask_why(quiet=quiet)
    if json is not None:
        write_json(json, {"schema": 1, "fit": fitted, "why": asked})
    if asked["error"] is not None:
        raise typer.Exit(SCRIPT_FAILED)


def _fit_digits(out: Path | None, *, quiet: bool) -> dict[str, Any]:
    """The first door, as `fit` shows it; returns what `fit --json` would write."""
    from regraft.artefact.store import load
    from regraft.pipeline import fit
    from regraft.report.terminal import fit_lines, picture_lines

    with TerminalProgress(quiet=quiet) as progress:
        result = fit(
            "digits",
            # named, so that it is the same on every machine, whatever backbones that has
            backbone="efficientnet_lite0",
            size=64,
            tap="block5c_add",
            grid=4,
            out=out,
            progress=progress,
            command="regraft demo",
        )
    view = result.as_json()
    typer.echo(
        fit_lines(
            view,
            result.classifier.metrics,
            result.classifier.class_names,
            is_from_cache=result.is_from_cache,
        )
    )
    # from the folder, not from memory: this is what others would do with it
    rows = result.split.test[:: len(result.split.test) // N_SHOWN][:N_SHOWN]
    pictures = list(result.images.read(rows))
    answers = load(result.artefact).predict(pictures)
    captions = [
        f"{name}  ({confidence:.0%})"
        for name, confidence in zip(answers.names, answers.confidences, strict=True)
    ]
    typer.echo(f"\nLoaded from {result.artefact} and asked about pictures of the test part:\n")
    typer.echo(picture_lines(pictures, captions))
    folder = shlex.quote(str(result.artefact))
    typer.echo(
        f"\nYour own pictures, one folder a class:   regraft fit FOLDER"
        f"\nThen ask it about a picture:             regraft predict {folder} PICTURE"
    )
    return view


def _ask_why(*, quiet: bool) -> dict[str, Any]:
    """The other door: a script in the manner of a tutorial, its causes, and its repair.

    Returns what `why --json` would write.
    """
    from regraft.artefact.runs import RUNS
    from regraft.cli.why import pictures_of, report
    from regraft.diagnose.as_json import as_json
    from regraft.pipeline import why
    from regraft.storage import atomic_file

    script, repaired = RUNS / "broken_digits.py", RUNS / "repaired_digits.py"
    RUNS.mkdir(exist_ok=True)
    with atomic_file(script) as file:
        file.write(BROKEN.read_bytes())
    typer.echo(
        f"\nThe other door. {script} follows a tutorial; its validation accuracy stays near "
        f"chance:\n\n    regraft why {script} --fix {repaired}\n"
    )
    with TerminalProgress(quiet=quiet) as progress:
        diagnosis = why(script, budget=WHY_SECONDS, fix=repaired, progress=progress)
    view = as_json(diagnosis)
    typer.echo(report(view, *pictures_of(diagnosis)))
    if diagnosis.fixed is not None and diagnosis.observed is not None:
        typer.echo(
            f"\n{repaired} is the repaired script: {diagnosis.fixed:.2f} instead of "
            f"{diagnosis.observed:.2f}.\nYour own script:                        regraft why "
            "train.py"
        )
    return view

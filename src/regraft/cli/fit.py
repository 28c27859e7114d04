"""`regraft fit DATA`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from regraft.cli.options import (
    STOPPED,
    BadImages,
    JsonFile,
    Limit,
    Quiet,
    Seed,
    names_or_auto,
    seconds,
    whole_number_or_auto,
    whole_numbers_or_auto,
)
from regraft.cli.progress import TerminalProgress
from regraft.errors import InvalidArgumentError, expected_received


def fit(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="A name (digits, mnist, fashion_mnist, cifar10, cifar100), a folder with one "
            "sub-folder a class, a .csv or .parquet manifest, or an .npz file.",
        ),
    ] = None,
    backbone: Annotated[
        str,
        typer.Option(
            metavar="NAME|auto",
            help="See `regraft backbones`; auto searches, within the budget, what is here.",
        ),
    ] = "auto",
    size: Annotated[
        str, typer.Option(metavar="PX|auto", help="Side that pictures are resized to.")
    ] = "auto",
    tap: Annotated[
        str, typer.Option(metavar="NAME[,NAME]|auto", help="Layers the features are read at.")
    ] = "auto",
    grid: Annotated[
        str, typer.Option(metavar="N[,N]|auto", help="Cells a side the map is averaged to.")
    ] = "auto",
    mode: Annotated[
        Literal["head", "finetune", "auto"],
        typer.Option(
            help="What is trained: a head on frozen features; the backbone too; auto: the backbone "
            "where a short trial shows that it pays."
        ),
    ] = "head",
    budget: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Time for all of it: 90s, 5m, 1h. A plan named in full is carried out in full.",
        ),
    ] = "5m",
    epochs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Fine-tune so many, whatever the clock says."),
    ] = None,
    mixup: Annotated[
        bool, typer.Option("--mixup", help="Fine-tune on mixtures of two pictures.")
    ] = False,
    tta: Annotated[
        bool | None,
        typer.Option(
            "--tta/--no-tta",
            help="Predict the mean over several views of a picture; else where it is measured to "
            "help after fine-tuning.",
        ),
    ] = None,
    runtime: Annotated[
        str,
        typer.Option(
            metavar="NAME|auto", help="tensorflow, openvino, onnxruntime: computes the features."
        ),
    ] = "auto",
    limit: Limit = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new folder; else runs/NAME-N.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Pretrained weights of your own.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a fine-tuning that was killed or stopped, in its folder; needs no "
            "other option.",
        ),
    ] = None,
    on_bad_image: BadImages = "fail",
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Fit a classifier on pictures, measure it, and save it as one folder.

    Ctrl-C or SIGTERM while it fine-tunes saves the best so far and exits with status 130;
    --resume goes on from there.
    """
    taps, grids = names_or_auto(tap), whole_numbers_or_auto(grid, "--grid")
    side, time_allowed = whole_number_or_auto(size, "--size"), seconds(budget)

    asked: dict[str, Any] = {
        "data": data, "backbone": backbone, "size": side, "tap": taps, "grid": grids,
        "mode": mode, "budget": time_allowed, "runtime": runtime, "limit": limit, "seed": seed,
        "out": out, "on_bad_image": on_bad_image, "weights": weights, "epochs": epochs,
        "mixup": mixup, "tta": tta,
    }  # fmt: skip
    if resume is None and data is None:
        raise InvalidArgumentError(
            expected_received("DATA, or --resume RUN", "neither", "See regraft fit --help.")
        )

    from regraft.artefact.runs import how_to_resume
    from regraft.data.text import as_text
    from regraft.pipeline import fit as run
    from regraft.pipeline import resume as go_on
    from regraft.report.terminal import fit_lines
    from regraft.storage import write_json

    with TerminalProgress(quiet=quiet) as progress:
        if resume is None:
            command = as_text(shlex.join(["regraft", *sys.argv[1:]]))
            result = run(**asked, progress=progress, command=command)
        else:
            given = {name: asked[name] for name in asked if _is_given(context, name)}
            result = go_on(resume, given=given, progress=progress)
    view = result.as_json()
    if json is not None:
        write_json(json, view)
    lines = fit_lines(
        view,
        result.classifier.metrics,
        result.classifier.class_names,
        is_from_cache=result.is_from_cache,
    )
    typer.echo(as_text(lines))
    if result.is_stopped:
        typer.echo(f"\nStopped early. To go on: {how_to_resume(result.artefact)}")
        raise typer.Exit(STOPPED)


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether an option was written on the command line, not left at its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"

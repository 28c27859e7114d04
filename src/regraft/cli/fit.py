"""`regraft fit DATA`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from regraft.cli.options import (
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


def fit(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A name (digits, mnist, fashion_mnist, cifar10, cifar100), a folder with one "
            "sub-folder a class, a .csv or .parquet manifest, or an .npz file.",
        ),
    ],
    backbone: Annotated[
        str, typer.Option(metavar="NAME|auto", help="See `regraft backbones`.")
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
        Literal["head", "auto"], typer.Option(help="What is trained: a head on frozen features.")
    ] = "auto",
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="Say so when the forecast is longer: 90s, 5m, 1h.")
    ] = "5m",
    runtime: Annotated[
        str, typer.Option(metavar="NAME|auto", help="tensorflow, openvino: computes the features.")
    ] = "auto",
    limit: Limit = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new folder; else runs/NAME-N.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Pretrained weights of your own.")
    ] = None,
    on_bad_image: BadImages = "fail",
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Fit a classifier on pictures, measure it, and save it as one folder."""
    taps, grids = names_or_auto(tap), whole_numbers_or_auto(grid, "--grid")
    side, time_allowed = whole_number_or_auto(size, "--size"), seconds(budget)

    from regraft.pipeline import fit as run
    from regraft.report.terminal import fit_lines
    from regraft.storage import write_json

    with TerminalProgress(quiet=quiet) as progress:
        result = run(
            data,
            backbone=backbone,
            size=side,
            tap=taps,
            grid=grids,
            mode=mode,
            budget=time_allowed,
            runtime=runtime,
            limit=limit,
            seed=seed,
            out=out,
            on_bad_image=on_bad_image,
            weights=weights,
            progress=progress,
            command=shlex.join(["regraft", *sys.argv[1:]]),
        )
    view = result.as_json()
    if json is not None:
        write_json(json, view)
    typer.echo(
        fit_lines(
            view,
            result.classifier.metrics,
            result.classifier.class_names,
            is_from_cache=result.is_from_cache,
        )
    )

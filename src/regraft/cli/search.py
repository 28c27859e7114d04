"""`regraft search DATA`."""

from pathlib import Path
from typing import Annotated

import typer

from regraft.cli.options import (
    BadImages,
    JsonFile,
    Limit,
    Quiet,
    Seed,
    names,
    seconds,
    whole_numbers,
    written_file,
)
from regraft.cli.progress import TerminalProgress


def search(
    data: Annotated[str, typer.Argument(metavar="DATA", help="As for fit.")],
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="For the whole search: 90s, 5m, 1h.")
    ] = "5m",
    backbones: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Try these; else all whose weights are here."),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(metavar="PX,PX", help="Try these sides; else those that suit the pictures."),
    ] = None,
    max_latency: Annotated[
        float | None,
        typer.Option(metavar="MS", min=0, help="Choose a plan that answers one picture in MS."),
    ] = None,
    max_size: Annotated[
        float | None,
        typer.Option(metavar="MB", min=0, help="Choose a plan whose artefact has at most MB."),
    ] = None,
    limit: Limit = None,
    seed: Seed = 0,
    png: Annotated[
        Path | None,
        written_file("Draw accuracy against cost."),
    ] = None,
    on_bad_image: BadImages = "fail",
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Find the backbone, size, layers and grids that suit some pictures, and what they cost.

    Many plans are scored on few pictures, ever fewer on more; test pictures are not looked at.
    The fastest of the plans within the noise of the best is chosen. To use it:
    regraft fit DATA --backbone ... --size ... --tap ... --grid ...
    """
    time_allowed = seconds(budget)
    which, sides = names(backbones), whole_numbers(sizes, "--sizes")

    from regraft.pipeline import search as run
    from regraft.report.search_terminal import search_lines
    from regraft.storage import atomic_file, write_json

    with TerminalProgress(quiet=quiet) as progress:
        result = run(
            data,
            budget=time_allowed,
            backbones=which,
            sizes=sides,
            max_latency=max_latency,
            max_size=max_size,
            limit=limit,
            seed=seed,
            on_bad_image=on_bad_image,
            progress=progress,
        )
    view = result.as_json()
    if json is not None:
        write_json(json, view)
    if png is not None:
        from regraft.report.front_plot import front_png

        with atomic_file(png) as file:
            file.write(front_png(view))
    typer.echo(search_lines(view, data=data))

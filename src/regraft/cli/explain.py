"""`regraft explain ID`."""

from typing import Annotated

import typer

from regraft.cli.options import JsonFile


def explain(
    rule: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Such as GEO001; leave out to list all.")
    ] = None,
    json: JsonFile = None,
) -> None:
    """Say what a cause that `regraft why` looks for is, how it is found, and its limits."""
    from regraft.diagnose.causes import RULES, find
    from regraft.report.terminal import columns
    from regraft.storage import write_json

    rules = RULES if rule is None else (find(rule),)
    if json is not None:
        described = [
            {"id": r.id, "name": r.name, "family": r.family, "source": r.source, "text": r.doc}
            for r in rules
        ]
        write_json(json, {"schema": 1, "rules": described})
    if rule is None:
        typer.echo(columns((r.id, r.name, r.doc.partition("\n")[0]) for r in rules))
        return
    (found,) = rules
    typer.echo(f"{found.id} {found.name}\n\n{found.doc}\n\nSource: {found.source}")

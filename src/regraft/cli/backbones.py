"""`regraft backbones`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from regraft.cli.options import JsonFile

if TYPE_CHECKING:
    from regraft.backbones.row import Backbone


def backbones(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show the taps of this one.")
    ] = None,
    json: JsonFile = None,
) -> None:
    """List the backbones: size, taps, cost, licence, and whether weights are at hand."""
    from regraft.backbones.table import BACKBONES, get
    from regraft.report.terminal import columns
    from regraft.storage import write_json

    rows = BACKBONES if name is None else (get(name),)
    if json is not None:
        write_json(json, {"schema": 1, "backbones": [_view(row) for row in rows]})
    if name is not None:
        typer.echo(_described(rows[0]))
        return
    table = [("name", "size", "smallest", "taps", "M macs", "at hand", "licence of weights")]
    for row in rows:
        view = _view(row)
        table.append(
            (
                row.name,
                f"{row.default_size}",
                f"{row.smallest_size}",
                f"{len(row.taps)}",
                f"{view['macs'] / 1e6:,.0f}",
                "yes" if view["at_hand"] else "no",
                row.licence,
            )
        )
    typer.echo(columns(table))
    typer.echo(
        "\nTaps of one: regraft backbones NAME. M macs: millions of multiply-adds a picture."
    )


def _view(row: "Backbone") -> dict[str, Any]:
    from regraft.backbones.weights import are_at_hand

    return {
        "name": row.name,
        "default_size": row.default_size,
        "smallest_size": row.smallest_size,
        "default_tap": row.default_tap,
        "macs": row.macs(row.default_tap, row.default_size),
        "licence": row.licence,
        "citation": row.citation,
        "at_hand": are_at_hand(row),
        "taps": [
            {"name": tap.name, "stride": tap.stride, "channels": tap.channels} for tap in row.taps
        ],
    }


def _described(row: "Backbone") -> str:
    from regraft.report.terminal import columns

    facts = columns(
        [
            ("backbone", row.name),
            ("sizes", f"{row.smallest_size} px or more; pretrained at {row.default_size} px"),
            ("weights", "at hand" if _view(row)["at_hand"] else "not at hand"),
            ("licence of weights", row.licence),
            ("source", row.citation),
        ]
    )
    size = row.default_size
    taps = [("tap", "stride", "channels", f"M macs at {size} px")] + [
        (tap.name, f"{tap.stride}", f"{tap.channels}", f"{row.macs(tap.name, size) / 1e6:,.0f}")
        for tap in row.taps
    ]
    return f"{facts}\n\n{columns(taps)}"

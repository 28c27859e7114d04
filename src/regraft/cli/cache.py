"""`regraft cache`."""

from typing import Annotated

import typer

from regraft.cli.options import JsonFile

SHOWN = 20  # entries listed


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete every entry.")] = False,
    json: JsonFile = None,
) -> None:
    """Show the cached features, the most recently used first, or delete them."""
    from regraft.features.cache import FeatureCache
    from regraft.report.terminal import columns
    from regraft.storage import write_json

    store = FeatureCache()
    freed = store.clear() if clear else 0
    entries = store.entries()
    total = sum(entry.n_bytes for entry in entries)
    if json is not None:
        listed = [
            {
                "key": entry.key,
                "bytes": entry.n_bytes,
                "last_used": entry.last_used,
                "facts": dict(entry.facts),
            }
            for entry in entries
        ]
        view = {"schema": 1, "folder": str(store.folder), "entries": listed, "freed_bytes": freed}
        write_json(json, view)
    if clear:
        typer.echo(f"Freed {freed / 1e6:,.0f} MB in {store.folder}")
        return
    typer.echo(
        f"{len(entries):,} entries, {total / 1e6:,.0f} MB of at most "
        f"{store.max_bytes / 1e6:,.0f} MB in {store.folder}"
    )
    rows = [
        (
            f"{entry.n_bytes / 1e6:,.1f} MB",
            str(entry.facts.get("backbone")),
            f"{entry.facts.get('size')} px",
            f"{entry.facts.get('tap')} {entry.facts.get('grid')}x{entry.facts.get('grid')}",
            f"data {str(entry.facts.get('data'))[:12]}",
        )
        for entry in entries[:SHOWN]
    ]
    if rows:
        typer.echo(columns(rows))

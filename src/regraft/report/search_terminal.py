"""What `regraft search` ends with, as lines of text."""

import shlex
from collections.abc import Mapping
from typing import Any

from regraft.report.terminal import columns, left_out_rows

View = Mapping[str, Any]

SHOWN = 12  # plans: all of the last rung, and the best of those that were dropped
_HEADER = (
    "",
    "backbone",
    "size",
    "tap",
    "grid",
    "accuracy",
    "95% interval",
    "on",
    "a second",
    "ms",
)


def search_lines(view: View, *, data: str) -> str:
    """The table of the best plans, the front, the floors, and the command that uses the choice.

    Args:
        view: The JSON of the result.
        data: As it was named on the command line.
    """
    candidates, chosen, front = view["candidates"], view["chosen"], set(view["front"])
    shown = [i for i in range(len(candidates)) if i < SHOWN or i == chosen or i in front]
    rows: list[tuple[str, ...]] = [_HEADER]
    for i in shown:
        mark = "*" if i == chosen else "o" if i in front else ""
        rows.append((mark, *_cells(candidates[i])))
    left_out = len(candidates) - len(shown)
    best = candidates[chosen]
    floors = ", ".join(
        f"{name.replace('_', ' ')} {value:.4f}" for name, value in view["floors"].items()
    )
    lines = [
        columns(rows),
        f"* chosen: the fastest within the noise of the best; o: nothing is better and as fast. "
        f"{left_out:,} more plans were scored.",
        f"floors: {floors}",
        *(f"not tried: {s['backbone']} at {s['size']} px: {s['because']}" for s in view["skipped"]),
        *(f"{title}: {text}" for title, text in left_out_rows(view)),
        f"time: {view['seconds']:.1f} s",
    ]
    if view["winning_floor"] is not None:
        name = view["winning_floor"]
        lines.append(
            f"A floor is as good: {name.replace('_', ' ')} reaches {view['floors'][name]:.4f}, the "
            f"plan chosen {best['val_accuracy']:.4f}."
        )
    lines.append(f"\n{fit_command(best, data)}")
    return "\n".join(lines)


def fit_command(candidate: View, data: str) -> str:
    """The command line that fits a plan."""
    taps, grids = (str(candidate[key]).replace("+", ",") for key in ("tap", "grid"))
    return (
        f"regraft fit {shlex.quote(data)} --backbone {candidate['backbone']} "
        f"--size {candidate['size']} --tap {taps} --grid {grids}"
    )


def _cells(candidate: View) -> tuple[str, ...]:
    low, high = candidate["interval"]
    latency = candidate["latency_ms"]
    return (
        candidate["backbone"],
        str(candidate["size"]),
        candidate["tap"],
        str(candidate["grid"]),
        f"{candidate['val_accuracy']:.4f}",
        f"{low:.4f}-{high:.4f}",
        f"{candidate['n']:,}",
        f"{candidate['images_per_second']:,.0f}",
        "" if latency is None else f"{latency:.1f}",
    )

"""A diagnosis as one page: nothing outside it is loaded, and it holds no script."""

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt

from regraft.report.png import data_uri
from regraft.report.why_view import (
    View,
    accuracy,
    by_reason,
    considered,
    headline,
    measurements,
    place,
    short,
    story,
)

PICTURES = 8  # shown in a row
_KINDS = {"+": "added", "-": "removed", "@": "hunk"}


def why_page(
    view: View,
    *,
    pictures: Mapping[str, npt.NDArray[np.uint8]] | None = None,
    captions: Sequence[str] = (),
) -> str:
    """The page that `regraft why --html` writes; the same diagnosis gives the same bytes.

    Args:
        view: The JSON of a diagnosis.
        pictures: What reaches the network ("as_fed") and what would if the script were repaired
            ("repaired"), each (n, h, w, 3) in [0, 255].
        captions: The label of each picture.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("regraft.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["accuracy"] = accuracy
    script = view["script"]
    return environment.get_template("why.html.j2").render(
        script=short(script, script),
        story=story(view),
        view=view,
        levels=_levels(view),
        findings=[_finding(finding, script) for finding in view["findings"]],
        rows=_rows(pictures or {}),
        captions=[str(caption) for caption in captions[:PICTURES]],
        considered=considered(view),
        unknown=by_reason(view["unknown"]),
    )


def _levels(view: View) -> list[tuple[str, float]]:
    """What the accuracies are compared with, lowest first as a rule."""
    observed, reachable = view["observed"], view["reachable"]
    named = (
        ("chance", observed["chance"]),
        ("as it is", observed["val_accuracy"]),
        ("repaired", reachable["repaired_script"]),
        ("regraft fit", reachable["regraft_fit"]),
    )
    return [(name, float(value)) for name, value in named if value is not None]


def _finding(finding: View, script: str) -> dict[str, Any]:
    return {
        **finding,
        "headline": headline(finding["gain"]),
        "measurements": measurements(finding),
        "bars": _bars(finding["gain"]),
        "where": [
            {"place": place(site, script), "code": site["code"]} for site in finding["where"]
        ],
        "lines": [
            (_KINDS.get(line[:1], "same"), line) for line in (finding["patch"] or "").splitlines()
        ],
    }


def _bars(gain: View) -> list[dict[str, Any]]:
    """Bars of what a repair gains; the interval belongs to the larger."""
    if gain["kind"] == "honesty":
        named = (("reported", gain["claimed"]), ("really", gain["honest"]))
        return [
            {"name": name, "value": float(value), "interval": None}
            for name, value in named
            if value is not None
        ]
    named = (("only this repaired", gain["only_this"]), ("all but this", gain["all_but_this"]))
    known = [(name, float(value)) for name, value in named if value is not None]
    largest = max((value for _, value in known), default=0.0)
    bars: list[dict[str, Any]] = []
    for name, value in known:
        is_largest = value == largest and not any(bar["interval"] for bar in bars)
        bars.append(
            {"name": name, "value": value, "interval": gain["interval"] if is_largest else None}
        )
    return bars


def _rows(pictures: Mapping[str, npt.NDArray[np.uint8]]) -> list[tuple[str, list[str]]]:
    titles = {
        "as_fed": "as they reach the network",
        "repaired": "the same with the script repaired",
    }
    rows = [
        (title, [data_uri(picture) for picture in pictures[name][:PICTURES]])
        for name, title in titles.items()
        if name in pictures and len(pictures[name])
    ]
    return rows[:1] if len(rows) > 1 and rows[0][1] == rows[1][1] else rows

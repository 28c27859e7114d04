"""Accuracy against cost, drawn: every plan a point, the front a line."""

import io
from collections.abc import Mapping
from typing import Any

_SIZE, _DPI = (8.0, 5.0), 120  # inches
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")  # a backbone each
_FAINT, _STRONG = 0.25, 0.9  # opacity of plans that were dropped, and of those of the last rung


def front_png(view: Mapping[str, Any]) -> bytes:
    """A PNG file of the candidates of `regraft search --json`."""
    from matplotlib.colors import to_rgba
    from matplotlib.figure import Figure  # no pyplot: no window system, no global state

    candidates = view["candidates"]
    last = max(candidate["rung"] for candidate in candidates)
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    names = list(dict.fromkeys(candidate["backbone"] for candidate in candidates))
    for number, name in enumerate(names):
        of_name = [candidate for candidate in candidates if candidate["backbone"] == name]
        opacity = [_STRONG if candidate["rung"] == last else _FAINT for candidate in of_name]
        axes.scatter(
            [_milliseconds(candidate) for candidate in of_name],
            [candidate["val_accuracy"] for candidate in of_name],
            s=[36 if candidate["rung"] == last else 12 for candidate in of_name],
            marker=_MARKERS[number % len(_MARKERS)],
            color=[to_rgba(f"C{number}", alpha) for alpha in opacity],
            label=name,
            linewidths=0,
        )
    front = [candidates[i] for i in view["front"]]
    axes.plot(
        [_milliseconds(candidate) for candidate in front],
        [candidate["val_accuracy"] for candidate in front],
        color="black",
        linewidth=1,
        label="front of the last rung",
    )
    best = candidates[view["chosen"]]
    axes.annotate(
        f"{best['backbone']} {best['size']} px\n{best['tap']}, {best['grid']}",
        (_milliseconds(best), best["val_accuracy"]),
        xytext=(12, -24),
        textcoords="offset points",
        arrowprops={"arrowstyle": "->"},
    )
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds a picture, in batches")
    axes.set_ylabel("accuracy on probe pictures left out")
    axes.legend(loc="lower right")
    axes.grid(visible=True, which="major", linewidth=0.3)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _milliseconds(candidate: Mapping[str, Any]) -> float:
    return 1e3 / max(float(candidate["images_per_second"]), 1e-9)

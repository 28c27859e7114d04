"""Results as lines of text: for terminals, pipes and log files alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.adapt.resize import resize
from regraft.data.text import listed, shown
from regraft.evaluate.scores import confusions

MISTAKES_SHOWN = 3
_DARK_TO_BRIGHT = " .:-=+*#%@"
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_SPACE_BETWEEN = "  "


def fit_lines(
    view: Mapping[str, Any],
    metrics: Mapping[str, Any],
    names: Sequence[str],
    *,
    is_from_cache: bool,
) -> str:
    """What `regraft fit` ends with.

    Args:
        view: The JSON of the result.
        metrics: As the artefact holds them.
        names: Of the classes.
        is_from_cache: All features were known already: their speed would say nothing.
    """
    plan, seconds = view["plan"], view["seconds"]
    taps = " + ".join(
        f"{tap} {grid}x{grid}" for tap, grid in zip(plan["taps"], plan["grids"], strict=True)
    )
    spent = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items() if name != "total")
    rows = [
        ("test accuracy", _with_interval(metrics["test"])),
        ("validation accuracy", _with_interval(metrics["validation"])),
        *((f"floor: {_spaced(name)}", f"{value:.4f}") for name, value in view["floors"].items()),
        ("calibration error", f"{metrics['test']['expected_calibration_error']:.4f}"),
        *_mistakes(metrics["test"], names),
        ("plan", f"{plan['backbone']}, {plan['size']} px, {taps}, {plan['mode']}"),
        *_second_head(view.get("hidden_units", 0), view.get("hidden_share", 0.5)),
        *_compared(view.get("search")),
        *_fine_tuning(view.get("finetune")),
        ("computed by", f"{plan['runtime']} {plan['precision']}, weights: {plan['weights']}"),
        ("time", f"{seconds['total']:.1f} s ({spent})"),
        (
            "extraction",
            "all in the cache"
            if is_from_cache
            else f"{view['images_per_second']:,.0f} pictures a second",
        ),
        ("artefact", view["artefact"]),
    ]
    if view["peak_memory_bytes"] is not None:
        rows.insert(-1, ("peak memory", f"{view['peak_memory_bytes'] / 1e9:.2f} GB"))
    rows += left_out_rows(view)
    lines = columns(rows)
    best = max(view["floors"], key=view["floors"].__getitem__, default=None)
    if best is not None and view["floors"][best] >= view["val_accuracy"]:
        lines += (
            f"\n\nA floor is as good: {_spaced(best)} reaches {view['floors'][best]:.4f} on the "
            f"validation pictures, the backbone {view['val_accuracy']:.4f}."
        )
    return lines


def evaluate_lines(view: Mapping[str, Any]) -> str:
    """What `regraft evaluate` ends with."""
    names = view["class_names"]
    rows = [
        ("accuracy", _with_interval(view)),
        ("pictures", view["pictures"]),
        ("calibration error", f"{view['expected_calibration_error']:.4f}"),
        *_mistakes(view, names),
        *left_out_rows(view),
    ]
    by_class = [("class", "precision", "recall", "pictures")] + [
        (shown(name), f"{f['precision']:.4f}", f"{f['recall']:.4f}", f"{f['support']:,}")
        for name, f in zip(names, view["per_class"], strict=True)
    ]
    return f"{columns(rows)}\n\n{columns(by_class)}"


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as aligned text, one line a row."""
    table = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def left_out_rows(view: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A row that names the pictures that could not be read, with what was wrong; or none."""
    bad = [f"{each['name']}: {each['reason']}" for each in view["left_out"]]
    return [("left out", f"{len(bad):,} that cannot be read: {listed(bad)}")] if bad else []


def picture_lines(
    pictures: Sequence[npt.NDArray[np.uint8]], captions: Sequence[str], *, width: int = 20
) -> str:
    """Small pictures beside one another in plain characters, each over its caption.

    Args:
        pictures: Each (h, w, 1 or 3) in [0, 255].
        captions: One a picture.
        width: Characters a picture; characters are about twice as high as wide.
    """
    blocks = [_characters(picture, width) for picture in pictures]
    rows = [_SPACE_BETWEEN.join(line).rstrip() for line in zip(*blocks, strict=True)]
    caption = _SPACE_BETWEEN.join(text[:width].center(width) for text in captions)
    return "\n".join([*rows, caption.rstrip()])


def _characters(picture: npt.NDArray[np.uint8], width: int) -> list[str]:
    small = resize(picture, height=width // 2, width=width)
    gray = small[:, :, 0] if small.shape[2] == 1 else small @ _LUMA
    levels = np.clip(gray * len(_DARK_TO_BRIGHT) // 256, 0, len(_DARK_TO_BRIGHT) - 1)
    return ["".join(_DARK_TO_BRIGHT[int(level)] for level in line) for line in levels]


def _with_interval(scores: Mapping[str, Any]) -> str:
    low, high = scores["interval"]
    return f"{scores['accuracy']:.4f}  [{low:.4f}, {high:.4f}]  on {scores['n']:,} pictures"


def _mistakes(scores: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    mistakes = [
        f"{shown(names[true])} taken for {shown(names[predicted])} ({n:,})"
        for true, predicted, n in confusions(scores["confusion_matrix"], MISTAKES_SHOWN)
    ]
    return [("commonest mistakes", ", ".join(mistakes))] if mistakes else []


def _second_head(units: int, share: float) -> list[tuple[str, str]]:
    beside = "the mean of a linear one and " if share < 1 else ""
    return [("heads", f"{beside}one of {units:,} hidden units")] if units else []


def _compared(search: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if search is None:
        return []
    chosen, *beaten = (
        f"{plan['backbone']} {plan['size']} px {plan['val_accuracy']:.3f} on {plan['n']:,}"
        for plan in search["plans"]
    )
    return [
        ("searched", f"{search['n_plans']:,} plans; chosen: {chosen}"),
        *([("beaten", ", ".join(beaten))] if beaten else []),
    ]


def _fine_tuning(report: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if report is None:
        return []
    frozen, tuned = report["frozen_val_accuracy"], report["tuned_val_accuracy"]
    kept = "" if report["chosen"] == "finetune" else "; the head is kept"
    return [
        ("fine-tuning", f"validation {frozen:.4f} as a frozen head, {tuned:.4f} tuned{kept}"),
        (
            "training",
            f"{report['steps']:,} steps, {report['epochs']:.1f} epochs, "
            f"{report['parameters_trained']:,} parameters, "
            f"{report['images_per_second']:,.0f} pictures a second; {report['ended']}",
        ),
    ]


def _spaced(name: str) -> str:
    return name.replace("_", " ")

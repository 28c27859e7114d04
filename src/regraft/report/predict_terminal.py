"""What `regraft predict` ends with, as lines of text."""

from collections.abc import Mapping
from typing import Any

from regraft.data.text import shown
from regraft.report.terminal import columns, left_out_rows


def predict_lines(view: Mapping[str, Any], *, top: int) -> str:
    """A line a picture: the most probable classes; then what could not be read.

    Args:
        view: The JSON of the answers.
        top: Classes shown a picture.
    """
    rows = []
    for answer in view["predictions"]:
        ranked = sorted(answer["probabilities"].items(), key=lambda pair: -pair[1])[:top]
        cells = (f"{shown(name)} {probability:.4f}" for name, probability in ranked)
        rows.append((shown(answer["picture"]), *cells))
    lines = [columns(rows), columns(left_out_rows(view))]
    return "\n".join(line for line in lines if line)

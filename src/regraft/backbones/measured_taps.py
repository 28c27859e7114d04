"""Where features may be read in each network, and what it costs to get there.

`taps.json` holds the numbers; `scripts/measure_taps.py` takes them from the Keras graphs.
"""

import functools
import json
from pathlib import Path
from typing import Any

from regraft.records import Tap

TAPS_FILE = Path(__file__).parent / "taps.json"


def measured_taps(backbone: str) -> tuple[Tap, ...]:
    """The taps of a backbone, in the order of their depth; none where not measured yet."""
    return tuple(Tap(**tap) for tap in _all_taps().get(backbone, ()))


@functools.cache
def _all_taps() -> dict[str, list[dict[str, Any]]]:
    taps: dict[str, list[dict[str, Any]]] = json.loads(TAPS_FILE.read_text())
    return taps

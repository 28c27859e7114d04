"""Put a pretrained image backbone on your own pictures, and measure what it is worth.

The public names are loaded when they are first used, so that ``import regraft`` costs
milliseconds and touches no deep-learning library.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regraft.artefact.classifier import Classifier, Predictions
    from regraft.artefact.results import FitResult
    from regraft.artefact.store import load
    from regraft.errors import RegraftError
    from regraft.pipeline import fit, resume, search
    from regraft.planning.outcome import SearchResult

__version__ = "0.1.0"
__all__ = [
    "Classifier",
    "FitResult",
    "Predictions",
    "RegraftError",
    "SearchResult",
    "__version__",
    "fit",
    "load",
    "resume",
    "search",
    "why",
]

_HOMES = {  # public name -> the module it lives in
    "Classifier": "regraft.artefact.classifier",
    "FitResult": "regraft.artefact.results",
    "Predictions": "regraft.artefact.classifier",
    "RegraftError": "regraft.errors",
    "SearchResult": "regraft.planning.outcome",
    "fit": "regraft.pipeline",
    "load": "regraft.artefact.store",
    "resume": "regraft.pipeline",
    "search": "regraft.pipeline",
    "why": "regraft.pipeline",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value  # the next use costs nothing
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))

"""The accuracy among the numbers that Keras reports of a training or an evaluation."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from regraft.diagnose.agent import anatomy
from regraft.diagnose.probe.printed import is_accuracy


def claimed(history: Any) -> float | None:
    """The validation accuracy of the last epoch, as Keras reports it."""
    scored = {k.removeprefix("val_"): v for k, v in history.history.items() if k.startswith("val_")}
    name = _called_accuracy([name for name, values in scored.items() if values])
    return None if name is None else float(scored[name][-1])


def _called_accuracy(names: Iterable[str]) -> str | None:
    """The metric that the script calls its accuracy, None where each is called something else."""
    known = [name for name in names if is_accuracy(name)]
    return min(known, key=lambda name: (name not in ("accuracy", "acc"), "binary" in name),
               default=None)  # fmt: skip


def named(model: Any, result: Any) -> dict[str, float]:
    """What `evaluate` returned, by name, as a list or as a dictionary; single numbers only."""
    if not isinstance(result, dict):
        names = ["loss", *[m.name for m in anatomy.walk_metrics(model) if m.name != "loss"]]
        values = result if isinstance(result, list | tuple) else [result]
        result = dict(zip(names, values, strict=False))
    return numbers(result)


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Those that are single numbers: some metrics give one for each class."""
    return {
        str(name): float(value)
        for name, value in values.items()
        if isinstance(value, int | float | np.number)
    }


def accuracy_in(model: Any, result: Any) -> float | None:
    """The accuracy among what `evaluate` returned."""
    shown = named(model, result)
    called = _called_accuracy(shown)
    return None if called is None else shown[called]

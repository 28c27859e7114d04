"""Transformers of scikit-learn that the script fits anew on rows it should only transform.

`PCA(50).fit_transform(test)` gives numbers of other axes than those that the classifier learnt.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regraft.diagnose.agent import interventions, ledger, sites

METHODS = ("fit_transform", "transform")
FEWEST = 30  # rows: single pictures are tables of numbers, too
MOST_VALUES = 5e7  # of one call: as many are computed once more, to compare


@dataclass(slots=True)
class _Kind:
    """Transformers of one class with the same settings."""

    first: Any  # a copy, as it was fitted first
    n_features: int
    is_used_again: bool = False  # does the script call its `transform`?
    noted: list[dict[str, Any]] = field(default_factory=list)  # details of what was recorded

    def note_used(self) -> None:
        """The script calls `transform`, whether before or after it fits another one."""
        self.is_used_again = True
        for details in self.noted:
            details["is_used_again"] = True


_KINDS: dict[str, _Kind] = {}


def called(call: Any, owner: Any, name: str, arguments: tuple[Any, ...], named: Any) -> Any:
    """``owner.fit_transform(...)`` or ``owner.transform(...)``."""
    kind, site = _kind(owner), sites.directly()
    rows = arguments[0] if arguments else named.get("X")
    is_table = getattr(rows, "ndim", None) == 2 and rows.shape[0] >= FEWEST
    if kind is None or site is None or not is_table:
        return call(*arguments, **named)
    known = _KINDS.get(kind)
    if name == "transform":
        if known is not None:
            known.note_used()
        return call(*arguments, **named)
    again = known if known is not None and known.n_features == rows.shape[1] else None
    if again is not None and interventions.ACTIVE.at("transform-only", site) is not None:
        if vars(owner).keys() != vars(again.first).keys():  # it may be asked what it was fitted to
            vars(owner).update(vars(copy.deepcopy(again.first)))
        return again.first.transform(rows)
    result = call(*arguments, **named)
    if again is not None:
        ledger.RECORD.attempt("a transformer fitted again", _note, again, owner, rows, result, site)
    elif known is None:
        ledger.RECORD.attempt("a fitted transformer", _keep, kind, owner, int(rows.shape[1]))
    return result


def _keep(kind: str, owner: Any, n_features: int) -> None:
    _KINDS[kind] = _Kind(copy.deepcopy(owner), n_features)


def _kind(owner: Any) -> str | None:
    is_transformer = hasattr(owner, "transform") and hasattr(owner, "get_params")
    if not is_transformer or not type(owner).__module__.startswith("sklearn."):
        return None
    return f"{type(owner).__qualname__} {owner.get_params()}"


def _note(known: _Kind, owner: Any, rows: Any, result: Any, site: Any) -> None:
    apart = None
    if np.size(rows) <= MOST_VALUES:
        fitted, anew = np.asarray(known.first.transform(rows)), np.asarray(result)
        is_alike = fitted.shape == anew.shape
        spread = float(fitted.std()) or 1.0
        apart = float(np.median(np.abs(fitted - anew))) / spread if is_alike else 1.0
    ledger.RECORD.event("fit_transform", site, transformer=type(owner).__name__, apart=apart,
                        is_used_again=known.is_used_again)  # fmt: skip
    if ledger.RECORD.events[-1]["what"] == "fit_transform":  # of many at a line the first are kept
        known.noted.append(ledger.RECORD.events[-1]["details"])

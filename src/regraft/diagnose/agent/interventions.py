"""The repairs of one arm, looked up by what is about to happen and where.

The kinds are those of `regraft.diagnose.repairs`. With no repairs this is the unrepaired run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Parameters = Mapping[str, Any]


class Interventions:
    """What this replay does differently from the script as written."""

    def __init__(self, repairs: Sequence[Mapping[str, Any]] = ()) -> None:
        self._repairs = [(repair["kind"], repair.get("parameters", {})) for repair in repairs]

    def __bool__(self) -> bool:
        """Is anything repaired?"""
        return bool(self._repairs)

    def all(self, kind: str) -> list[Parameters]:
        """The parameters of every repair of this kind."""
        return [parameters for name, parameters in self._repairs if name == kind]

    def one(self, kind: str) -> Parameters | None:
        """The last repair of this kind, if any."""
        return self.all(kind)[-1] if self.all(kind) else None

    def at(self, kind: str, site: Mapping[str, Any] | None) -> Parameters | None:
        """The repair of this kind keyed to this line, if any."""
        if site is None:
            return None
        for parameters in self.all(kind):
            if (parameters.get("file"), parameters.get("line")) == (site["file"], site["line"]):
                return parameters
        return None

    def dropped(self, what: str, site: Mapping[str, Any] | None) -> bool:
        """Is this call to be left out?"""
        parameters = self.at("drop-call", site)
        return parameters is not None and parameters["what"] == what

    def arguments(
        self, what: str, site: Mapping[str, Any] | None, asked: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Keyword arguments to change in this call, which was asked with these.

        Of two repairs of one argument the first holds.
        """
        here = None if site is None else (site["file"], site["line"])
        changes: dict[str, Any] = {}
        for parameters in self.all("set-arguments"):
            place = (parameters.get("file"), parameters.get("line"))
            given = parameters.get("given") or {}
            is_meant = all((asked or {}).get(name) == value for name, value in given.items())
            if place == here and parameters["what"] == what and is_meant:
                changes = dict(parameters["arguments"]) | changes
        return changes


ACTIVE = Interventions()  # replaced by the run; one process makes one run


def activate(repairs: Sequence[Mapping[str, Any]]) -> None:
    """Choose the repairs of this process."""
    global ACTIVE
    ACTIVE = Interventions(repairs)

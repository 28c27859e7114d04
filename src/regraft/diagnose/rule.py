"""What a diagnosis rule is, and what it may answer."""

import enum
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regraft.diagnose.evidence import Site


class Verdict(enum.StrEnum):
    """A rule never guesses: "cannot tell" is an answer of its own."""

    FOUND = "found"
    CLEAR = "clear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """One intervention that makes one thing right in a replay of the script.

    Kinds and their parameters are listed in `regraft.diagnose.repairs`. Parameters are plain JSON.
    """

    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule's answer: the verdict, the numbers behind it, one next step, and its repair."""

    verdict: Verdict
    because: str
    fix: str = ""
    where: tuple[Site, ...] = ()
    repairs: tuple[
        Repair, ...
    ] = ()  # together they undo this one cause; () for evaluation artefacts
    claimed: float | None = None  # for evaluation artefacts: the number reported ...
    honest: float | None = None  # ... and the one that holds
    asked: tuple[int, ...] = ()  # scored rows that alone tell it in a replay; () for all
    evidence: Mapping[str, float | str] = field(default_factory=dict)


def found(
    because: str,
    *,
    fix: str,
    where: tuple[Site | None, ...] = (),
    repairs: tuple[Repair, ...] = (),
    claimed: float | None = None,
    honest: float | None = None,
    asked: tuple[int, ...] = (),
    **evidence: float | str,
) -> Finding:
    """Something is broken: a mechanism was measured, and a repair or an honest number exists."""
    return Finding(
        verdict=Verdict.FOUND,
        because=because,
        fix=fix,
        where=tuple(dict.fromkeys(site for site in where if site is not None)),
        repairs=repairs,
        claimed=claimed,
        honest=honest,
        asked=asked,
        evidence=evidence,
    )


def clear(because: str, **evidence: float | str) -> Finding:
    """The mechanism was looked for and is not there."""
    return Finding(verdict=Verdict.CLEAR, because=because, evidence=evidence)


def unknown(because: str) -> Finding:
    """There is not enough to tell."""
    return Finding(verdict=Verdict.UNKNOWN, because=because)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A named, sourced check. Calling it runs the check on plain evidence."""

    id: str
    name: str
    source: str
    check: Callable[..., Finding]

    @property
    def family(self) -> str:
        """The three letters of the id."""
        return self.id[:3]

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the evidence the check cannot do without: its parameters with no default."""
        parameters = inspect.signature(self.check).parameters.values()
        return tuple(p.name for p in parameters if p.default is p.empty)

    @property
    def takes(self) -> tuple[str, ...]:
        """Names of all the evidence the check looks at."""
        return tuple(inspect.signature(self.check).parameters)

    @property
    def doc(self) -> str:
        """The rule's page: what it saw, why it hurts, the repair, its limits."""
        return inspect.getdoc(self.check) or ""

    def __call__(self, **evidence: object) -> Finding:
        """Run the check on the evidence named."""
        return self.check(**evidence)


def rule(id: str, name: str, *, source: str) -> Callable[[Callable[..., Finding]], Rule]:
    """Turn a check into a `Rule`. Registers nothing: see causes/__init__.py."""

    def wrap(check: Callable[..., Finding]) -> Rule:
        return Rule(id=id, name=name, source=source, check=check)

    return wrap

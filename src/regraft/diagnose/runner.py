"""Run every rule once on what was measured. No rule waits for another, and none silences another.

A rule whose evidence is missing answers "unknown"; a rule that breaks is reported, not raised.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from regraft.diagnose.evidence import Evidence
from regraft.diagnose.rule import Finding, Rule, Verdict, unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One rule and its answer."""

    rule: Rule
    finding: Finding
    error: str = ""  # one line, if the rule itself broke

    @property
    def severity(self) -> float:
        """The rule's own estimate of the points at stake, in [0, 1]; 0 unless found."""
        if self.finding.verdict is not Verdict.FOUND:
            return 0.0
        return float(self.finding.evidence.get("severity", 0.0))


def diagnose(rules: Iterable[Rule], evidence: Evidence) -> tuple[Result, ...]:
    """Every rule's answer, in the order of `rules`."""
    return tuple(_run(rule, evidence) for rule in rules)


def candidates(results: Iterable[Result]) -> tuple[Result, ...]:
    """What was found, the most expensive by the rules' own estimate first."""
    found = [result for result in results if result.finding.verdict is Verdict.FOUND]
    return tuple(sorted(found, key=lambda result: (-result.severity, result.rule.id)))


def _run(rule: Rule, evidence: Evidence) -> Result:
    missing = [name for name in rule.needs if getattr(evidence, name) is None]
    if missing:
        return Result(rule=rule, finding=unknown(f"no evidence: {', '.join(missing)}"))
    try:
        finding = rule(**{name: getattr(evidence, name) for name in rule.takes})
    except Exception as error:  # noqa: BLE001  one broken rule must not hide the others
        detail = f"{type(error).__name__}: {error}"
        return Result(rule=rule, finding=unknown("the rule itself failed"), error=detail)
    return Result(rule=rule, finding=finding)

from regraft.diagnose.evidence import Evidence, Ledger
from regraft.diagnose.rule import Verdict, clear, found, rule, unknown
from regraft.diagnose.runner import candidates, diagnose

NOTHING = Evidence(ledger=Ledger(calls=()))


def make(id, answer):
    @rule(id, id.lower(), source="test")
    def check(ledger):
        return answer() if callable(answer) else answer

    return check


def test_missing_evidence_is_unknown_and_named():
    @rule("AAA001", "a", source="test")
    def check(pixels, backbone):
        return clear("fine")

    (result,) = diagnose([check], NOTHING)
    assert result.finding.because == "no evidence: pixels, backbone"


def test_evidence_with_a_default_may_be_missing():
    @rule("AAA001", "a", source="test")
    def check(ledger, accuracy=None):
        return clear("fine") if accuracy is None else unknown("odd")

    (result,) = diagnose([check], NOTHING)
    assert result.finding.verdict is Verdict.CLEAR


def test_a_broken_rule_does_not_hide_the_others():
    rules = [make("AAA001", lambda: 1 / 0), make("BBB001", clear("fine"))]
    broken, fine = diagnose(rules, NOTHING)
    assert broken.finding.verdict is Verdict.UNKNOWN
    assert broken.error == "ZeroDivisionError: division by zero"
    assert fine.finding.verdict is Verdict.CLEAR


def test_one_cause_never_silences_another():
    rules = [make("AAA001", found("x", fix="x")), make("BBB001", found("y", fix="y"))]
    assert [r.finding.verdict for r in diagnose(rules, NOTHING)] == [Verdict.FOUND] * 2


def test_candidates_come_worst_first():
    rules = [
        make("AAA001", found("x", fix="x", severity=0.1)),
        make("BBB001", clear("y")),
        make("CCC001", found("z", fix="z", severity=0.9)),
    ]
    worst_first = candidates(diagnose(rules, NOTHING))
    assert [result.rule.id for result in worst_first] == ["CCC001", "AAA001"]

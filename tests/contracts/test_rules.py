"""Promises every rule keeps. A new rule is covered with no line added here."""

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from regraft.diagnose.causes import FAMILIES, RULES, find
from regraft.diagnose.evidence import Evidence, Ledger
from regraft.diagnose.rule import Rule, Verdict
from regraft.diagnose.runner import diagnose
from regraft.errors import InvalidArgumentError

TESTS = Path(__file__).parents[1] / "diagnose" / "causes"
SECTIONS = ("Why it hurts:", "How it is found:", "Fix:", "Limits:")
FIELDS = {field.name for field in dataclasses.fields(Evidence)}
TESTED = {
    node.name
    for path in TESTS.glob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.FunctionDef)
}
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def test_ids_and_names_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("prefix", FAMILIES)
def test_a_family_lists_all_its_rules_under_its_prefix(prefix):
    module = FAMILIES[prefix]
    defined = [value for value in vars(module).values() if isinstance(value, Rule)]
    assert list(module.RULES) == defined
    assert [rule.id for rule in defined] == [f"{prefix}{n:03}" for n in range(1, len(defined) + 1)]


@every_rule
def test_name_is_the_bad_pattern_in_kebab_case_and_the_function(rule):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
    assert rule.check.__name__ == rule.name.replace("-", "_")


@every_rule
def test_docstring_has_every_section_in_order(rule):
    places = [rule.doc.find(section) for section in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)


@every_rule
def test_it_names_a_source(rule):
    assert len(rule.source) > 20


@every_rule
def test_it_asks_for_evidence_that_exists(rule):
    assert set(rule.takes) <= FIELDS


@every_rule
def test_every_verdict_is_tested(rule):
    assert {f"test_{rule.id.lower()}_{verdict}" for verdict in Verdict} <= TESTED


def test_no_evidence_accuses_nobody():
    results = diagnose(RULES, Evidence(ledger=Ledger(calls=())))
    assert [r.rule.id for r in results if r.error or r.finding.verdict is Verdict.FOUND] == []


@every_rule
def test_it_is_found_by_id_and_by_name(rule):
    assert find(rule.id.lower()) is rule
    assert find(rule.name) is rule


@pytest.mark.parametrize(
    ("id", "guess"), [("GEO01", "GEO001"), ("PRE999", "PRE"), ("label-noises", "label-noise")]
)
def test_an_unknown_id_names_the_nearest(id, guess):
    with pytest.raises(InvalidArgumentError, match=guess):
        find(id)

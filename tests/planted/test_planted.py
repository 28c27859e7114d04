"""The promise of `regraft why`, case by case: the planted family is found, nothing else is."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Case, is_at_hand, load_cases, load_sound, prepare, run_why

RUNS_THE_COMMAND = (pytest.mark.planted, pytest.mark.slow)
FIRST_TWO = 2


def _each(cases: tuple[Case, ...], variants: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(
            case,
            variant,
            id=f"{case.name}-{variant}",
            marks=[*RUNS_THE_COMMAND, *([pytest.mark.shared] if case.needs == "shared" else [])],
        )
        for case in cases
        for variant in variants
    ]


@pytest.mark.parametrize(("case", "variant"), _each(load_cases(), ("faulty", "disguised")))
def test_finds_the_planted_family(case: Case, variant: str, tmp_path: Path) -> None:
    if not is_at_hand(case):
        pytest.skip(f"{case.name} needs pictures or weights that are not here")

    diagnosis = run_why(*prepare(case, variant, tmp_path))

    assert diagnosis.exit_code == 1, diagnosis.errors
    assert case.families & set(diagnosis.families[:FIRST_TWO]), diagnosis.report["findings"]


@pytest.mark.parametrize(("case", "variant"), _each((*load_cases(), *load_sound()), ("healthy",)))
def test_finds_nothing_in_a_healthy_script(case: Case, variant: str, tmp_path: Path) -> None:
    if not is_at_hand(case):
        pytest.skip(f"{case.name} needs pictures or weights that are not here")

    diagnosis = run_why(*prepare(case, variant, tmp_path))

    assert diagnosis.report.get("findings") == [], diagnosis.errors
    assert diagnosis.exit_code in case.exits, diagnosis.errors


def test_the_corpus_keeps_its_promises() -> None:
    cases = load_cases()
    assert len(cases) >= 42
    assert len({case.family for case in cases}) == 18
    assert 3 * sum(case.invisible_in_source for case in cases) >= len(cases)
    for case in cases:
        if {"faulty", "healthy"} <= case.measured.keys():
            cost = abs(case.measured["faulty"] - case.measured["healthy"])
            assert cost >= 0.05, case.name
        if case.invisible_in_source:
            assert case.prepare is not None, case.name

"""docs/causes says what the rules say."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "causes"


@pytest.fixture(scope="module")
def made():
    path = ROOT / "scripts" / "make_cause_pages.py"
    spec = importlib.util.spec_from_file_location("make_cause_pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


def test_the_pages_are_those_the_rules_make(made):
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert written == made, "run scripts/make_cause_pages.py"


def test_a_page_has_its_sections_and_its_source(made):
    page = made["GEO001.md"]
    titles = [line for line in page.splitlines() if line.startswith("#")]
    assert titles == [
        "# GEO001: np-resize-scrambles-pictures",
        "## Why it hurts",
        "## How it is found",
        "## Fix",
        "## Limits",
        "## Source",
    ]
    assert "<https://numpy.org/doc/stable/reference/generated/numpy.resize.html>" in page

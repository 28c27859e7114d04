"""Write docs/causes: a page per rule and an index, from the docstrings of the rules.

.venv/bin/python scripts/make_cause_pages.py
"""

import inspect
import re
from pathlib import Path

from regraft.diagnose.causes import FAMILIES, RULES
from regraft.diagnose.rule import Rule

FOLDER = Path(__file__).parents[1] / "docs" / "causes"
NOTE = "<!-- Made by scripts/make_cause_pages.py from the rule's docstring; do not edit. -->\n"
SECTION = re.compile(r"^(Why it hurts|How it is found|Fix|Limits):[ \n]", re.MULTILINE)
LINK = re.compile(r"https?://[^\s,;)]*[^\s,;:.)]")
INDEX = """\
# Causes of a low validation accuracy

What `regraft why` looks for: {n_rules} causes in {n_families} families, in the order of how often
people meet them. A rule reads facts measured in a run and answers *found*, *clear* or *unknown*.
What it finds is a candidate: it is reported if repairing it, and nothing else, or everything but
it, moves validation accuracy; or if the number the script claims is not the honest one.
"""


def page(rule: Rule) -> str:
    """The page of one rule, in Markdown."""
    summary, *sections = SECTION.split(rule.doc)
    parts = [NOTE, f"# {rule.id}: {rule.name}", _joined(summary)]
    for title, text in zip(sections[::2], sections[1::2], strict=True):
        parts += [f"## {title}", _joined(text)]
    parts += ["## Source", _linked(rule.source)]
    parts.append(f"Evidence read: {', '.join(f'`{name}`' for name in rule.takes)}.")
    return "\n\n".join(parts).replace(NOTE + "\n\n", NOTE + "\n") + "\n"


def index() -> str:
    """The table of all rules, family by family."""
    parts = [NOTE + "\n" + INDEX.format(n_rules=len(RULES), n_families=len(FAMILIES))]
    for code, module in FAMILIES.items():
        title = (inspect.getdoc(module) or "").splitlines()[0].removeprefix(f"{code}: ")
        lines = [f"## {code}: {title.rstrip('.')}", "", "| id | name | what it is |"]
        lines.append("| --- | --- | --- |")
        for rule in module.RULES:
            summary = rule.doc.splitlines()[0]
            lines.append(f"| [{rule.id}]({rule.id}.md) | {rule.name} | {summary} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def pages() -> dict[str, str]:
    """File name -> content of everything in the folder."""
    return {"index.md": index()} | {f"{rule.id}.md": page(rule) for rule in RULES}


def main() -> None:
    """Write every page, and delete those of rules that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8")


def _joined(text: str) -> str:
    """Paragraphs of a docstring section as one line each, beginning with a capital letter."""
    paragraphs = "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))
    return paragraphs[:1].upper() + paragraphs[1:]


def _linked(text: str) -> str:
    return LINK.sub(lambda match: f"<{match[0]}>", text) + "."


if __name__ == "__main__":
    main()

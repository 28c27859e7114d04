"""What a diagnosis says, in words and short lists: shared by the terminal and the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regraft.data.text import shown

View = Mapping[str, Any]  # the JSON of a diagnosis

WORTH_A_CLAUSE = 0.005  # what is smaller than half a point rounds to nothing in the story
CLAUSES = 3  # causes the story names; the table has them all
_NOTHING = "no evidence: "  # how a rule says that what it looks at is not there


def story(view: View) -> str:
    """The whole diagnosis in a sentence or two."""
    if view["error"] is not None and view["observed"]["val_accuracy"] is None:
        return _failed(view)
    sentences = [_numbers(view)]
    findings = view["findings"]
    if findings:
        clauses = [_clause(finding, view) for finding in findings[:CLAUSES]]
        rest = len(findings) - CLAUSES
        if rest > 0:
            clauses.append(f"{rest} more")
        sentences.append(f"{_capital('; '.join(clauses))}.")
    elif view["error"] is None:
        sentences.append("No cause found.")
    unexplained = view["unexplained"]
    if unexplained is not None and unexplained >= WORTH_A_CLAUSE:
        sentences.append(
            f"{unexplained:.2f} is left unexplained: `regraft fit` reaches it, the repaired "
            "script does not."
        )
    if view["error"] is not None:
        sentences.append(_failed(view))
    return " ".join(sentences)


def headline(gain: Mapping[str, Any]) -> str:
    """What a cause is worth: accuracy it costs, or the number that holds."""
    if gain["kind"] == "honesty":
        return f"reported {accuracy(gain['claimed'])}, really {accuracy(gain['honest'])}"
    points = max(gain["only_this"] or 0.0, gain["all_but_this"] or 0.0)
    if gain["interval"] is None:
        return f"costs {points:.2f}"
    low, high = gain["interval"]
    return f"costs {points:.2f} [{accuracy(low)}, {accuracy(high)}]"


def measurements(finding: View) -> list[str]:
    """The replays behind a gain, one line each."""
    names = {(): "as it is", (finding["id"],): "only this repaired"}
    lines = []
    for arm in finding["gain"]["arms"]:
        repairs = arm["repairs"]
        name = names.get(tuple(repairs))
        if name is None:
            name = "all repaired" if finding["id"] in repairs else "all but this repaired"
        seeds = f", {len(arm['seeds'])} seeds" if len(arm["seeds"]) > 1 else ""
        side = f", {arm['input_size']} px" if arm["input_size"] else ""
        lines.append(
            f"{accuracy(arm['accuracy'])} {name} ({arm['n']:,} pictures{seeds}{side}, "
            f"{arm['seconds'] or 0:.0f} s)"
        )
    return lines


def place(site: Mapping[str, Any], script: str) -> str:
    """File and line, the file as seen from the script's folder; of a notebook, the cell too."""
    file = short(site["file"], script)
    if site.get("cell"):
        return f"{file} {_in_cell(site)}"
    return f"{file}:{site['line']}"


def short(file: str | None, script: str) -> str:
    """A file as seen from the script's folder, or as it is if it lies elsewhere."""
    if not file:
        return "?"
    folder = Path(script).resolve().parent
    path = Path(file)
    return shown(str(path.relative_to(folder) if path.is_relative_to(folder) else path))


def accuracy(value: float | None) -> str:
    """A fraction with two digits, three near the ends where two would hide a difference."""
    if value is None:
        return "?"
    return f"{value:.3f}" if 0.99 <= value < 1 else f"{value:.2f}"


def by_reason(rules: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Rules that gave the same reason, together: reason and ids, in order of appearance."""
    groups: dict[str, list[str]] = {}
    for rule in rules:
        groups.setdefault(rule["because"], []).append(rule["id"])
    return list(groups.items())


def _numbers(view: View) -> str:
    observed, reachable = view["observed"], view["reachable"]
    if observed["val_accuracy"] is None:
        return "No accuracy could be observed."
    parts = [f"{accuracy(observed['val_accuracy'])} observed"]
    if observed["chance"] is not None:
        parts[0] += f" (chance {accuracy(observed['chance'])})"
    kinds = {finding["gain"]["kind"] for finding in view["findings"]}
    # a wrong number is put right by no repair: the script goes on reaching what it reached
    if kinds - {"honesty"} and reachable["repaired_script"] is not None:
        parts.append(f"{accuracy(reachable['repaired_script'])} with the script repaired")
    if reachable["regraft_fit"] is not None:
        parts.append(f"{accuracy(reachable['regraft_fit'])} by `regraft fit`")
    return f"{', '.join(parts)}."


def _clause(finding: View, view: View) -> str:
    name = finding["name"].replace("-", " ")
    where = finding["where"]
    at = ""
    if where:
        site = where[0]
        at = _in_cell(site) if site.get("cell") else f"line {site['line']}"
        if Path(site["file"]).name != Path(view["script"]).name:
            at = f"in {place(site, view['script'])}"  # a name of a file keeps its small letter
        at = f"{at}: "
    return f"{at}{name} ({headline(finding['gain'])})"


def _in_cell(site: Mapping[str, Any]) -> str:
    return f"cell {site['cell']} line {site['line_in_cell']}"


def _failed(view: View) -> str:
    error = view["error"]
    message = shown(" ".join(str(error["message"]).split()))
    at = f" at {short(error['file'], view['script'])}:{error['line']}" if error["file"] else ""
    return f"The script failed{at}: {error['type']}{': ' if message else ''}{message}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def considered(view: View) -> list[tuple[str, list[View]]]:
    """What was suspected and is no finding, under what is known of it; empty groups left out."""
    measured = [rule for rule in view["considered"] if rule["gain"] is not None]
    others = [rule for rule in view["considered"] if rule["gain"] is None]
    groups = (("Considered, and no cause", measured), ("Suspected, but not measured", others))
    return [(title, rules) for title, rules in groups if rules]


def unknown(view: View) -> tuple[list[View], list[str]]:
    """Rules that could not tell, and the evidence for want of which others were not asked."""
    asked, absent = [], dict[str, None]()
    for rule in view["unknown"]:
        reason = rule["because"]
        if reason.startswith(_NOTHING):
            absent |= dict.fromkeys(reason.removeprefix(_NOTHING).split(", "))
        else:
            asked.append(rule)
    return asked, list(absent)

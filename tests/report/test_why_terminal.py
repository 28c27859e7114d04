import dataclasses
import json
import re

import numpy as np
from diagnoses import diagnosis, failure, pictures

from regraft.diagnose.as_json import as_json
from regraft.diagnose.diagnosis import Considered
from regraft.diagnose.evidence import Site
from regraft.report.why_terminal import why_lines
from regraft.report.why_view import story


def lines(found, **options) -> str:
    return why_lines(as_json(found), **options)


def test_the_story_names_numbers_and_causes():
    assert story(as_json(diagnosis())) == (
        "0.11 observed (chance 0.10), 0.98 with the script repaired, 0.995 by `regraft fit`. "
        "Line 11: np resize scrambles pictures (costs 0.88 [0.82, 0.90]); in score/report.py:3: "
        "shuffled predictions ordered labels (reported 0.11, really 0.97). 0.02 is left "
        "unexplained: `regraft fit` reaches it, the repaired script does not."
    )


def test_a_line_of_a_notebook_is_named_by_its_cell(tmp_path):
    notebook = tmp_path / "train.ipynb"
    cells = [{"cell_type": "code", "source": source} for source in ("x = 1\n", "y = 2\nz = 3")]
    notebook.write_text(json.dumps({"cells": cells}))
    found = diagnosis()
    resized = dataclasses.replace(found.findings[0], where=(Site(file=str(notebook), line=3),))
    found = dataclasses.replace(found, script=str(notebook), findings=(resized,))
    assert " Cell 2 line 2: np resize scrambles pictures (" in story(as_json(found))
    assert "train.ipynb cell 2 line 2" in lines(found)


def test_a_healthy_script_is_told_its_place():
    healthy = diagnosis(findings=(), considered=(), unknown=(), observed=0.97, repaired_script=None)
    assert story(as_json(healthy)) == (
        "0.97 observed (chance 0.10), 0.995 by `regraft fit`. No cause found."
    )


def test_a_failure_is_told_with_its_place():
    assert story(as_json(failure())) == (
        "The script failed at train.py:7: ValueError: no such folder"
    )


def test_every_fact_of_a_finding_is_shown():
    text = lines(diagnosis())
    for fact in (
        "1  GEO001 np-resize-scrambles-pictures",
        "costs 0.88 [0.82, 0.90]",
        "train.py:11  x = np.resize(x, (60000, 224, 224, 3))",
        "np.resize at line 11 cuts the buffer",
        "0.11 as it is (500 pictures, 2 seeds, 48 px, 16 s)",
        "0.95 only this repaired (500 pictures, 48 px, 8 s)",
        "0.10 all but this repaired",
        "0.98 all repaired",
        "resize picture by picture",
        "   +x = <good>",
        "CAP001 (measured +0.00) a wide head",
        "Other rules had nothing to look at: no shift.",
        "3,000 of 60,000 rows were used.",
        "120 s in all.",
    ):
        assert fact in text


def test_rules_that_cannot_tell_say_why():
    reasons = {
        "LAB003": "too few rows a class",
        "PRE001": "no evidence: backbone, pixels",
        "WGT001": "no evidence: backbone",
    }
    unknown = tuple(
        Considered(id=rule, verdict="unknown", because=because, gain=None)
        for rule, because in reasons.items()
    )
    text = lines(diagnosis(unknown=unknown))
    assert "Cannot tell: LAB003: too few rows a class" in text
    assert "Other rules had nothing to look at: no backbone, pixels." in text
    assert "PRE001" not in text


def test_lines_are_no_longer_than_the_terminal_except_those_of_patches():
    text = lines(diagnosis(), width=60)
    assert max(len(line) for line in text.splitlines()) <= 60


def test_without_colour_there_are_no_escapes():
    text = lines(diagnosis(), pictures=pictures(), captions=("5", "0"))
    assert "\x1b" not in text
    assert "Pictures as they reach the network" in text
    assert "@@" in text.partition("The same with the script repaired")[2]


def test_with_colour_pictures_are_in_colour_and_text_is_the_same():
    plain = lines(diagnosis())
    coloured = lines(diagnosis(), colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert "38;2;255;255;255" in lines(diagnosis(), pictures=pictures(), colour=True)


def test_gray_levels_of_one_picture_without_a_label_are_shown():
    one = {"as_fed": np.zeros((1, 8, 8, 3), np.uint8)}
    assert "Pictures as they reach" in lines(diagnosis(), pictures=one)


def test_a_script_cannot_steer_the_terminal():
    text = lines(failure())
    assert "\x1b" not in text
    assert r"no such\x1b[31m folder" in text


def test_pictures_that_a_repair_leaves_alone_are_shown_once():
    same = {"as_fed": pictures()["as_fed"], "repaired": pictures()["as_fed"]}
    assert "The same with the script repaired" not in lines(diagnosis(), pictures=same)


def test_what_was_not_measured_is_not_called_innocent():
    suspects = (
        Considered(id="AAA001", verdict="found", because="measured", gain=0.004),
        Considered(id="BBB001", verdict="found", because="no time", gain=None),
    )
    text = lines(diagnosis(considered=suspects))
    innocent, suspected = text.index("Considered, and no cause"), text.index("Suspected, but not")
    assert innocent < text.index("AAA001") < suspected < text.index("BBB001")

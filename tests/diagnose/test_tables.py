import csv
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regraft.diagnose.agent import tables

READ = "import csv\nrows = [row['animal'] for row in csv.DictReader(lines)]"
LINES = ["file,animal", "1.png,dog", "2.png,Dog", "3.png,cat", "4.png,dog", "5.png, dog"]
COMMONEST = {"Dog": "dog", " dog": "dog"}


@pytest.fixture(autouse=True)
def hooked(monkeypatch):
    monkeypatch.setattr(csv.DictReader, "__next__", csv.DictReader.__next__)  # undoes `hook`
    tables.hook()


def noted(record):
    return [event for event in record.events if event["what"] == "table-spellings"]


def test_words_in_several_spellings_are_noted_and_read_as_they_are(script, record):
    rows = script.run(READ, lines=LINES)["rows"]
    assert rows == ["dog", "Dog", "cat", "dog", " dog"]
    (event,) = noted(record)
    assert event["site"]["line"] == 2
    details = event["details"]
    assert (details["column"], details["spellings"]) == ("animal", COMMONEST)
    assert (details["rows"], details["odd"]) == (5, 2)
    assert (details["kinds"], details["spelled"]) == (2, 4)


def test_an_arm_has_one_spelling_of_each(script):
    repair = ("one-spelling", {"column": "animal", "spellings": COMMONEST})
    rows = script.run(READ, repair, lines=LINES)["rows"]
    assert rows == ["dog", "dog", "cat", "dog", "dog"]


@pytest.mark.parametrize(
    "lines",
    [
        ["file,animal", "a.png,dog", "b.png,cat"],
        ["animal", *(f"{case(f'word{n}')}" for n in range(300) for case in (str.lower, str.upper))],
        ["animal"],
    ],
    ids=["one each", "too many to be classes", "empty"],
)
def test_other_tables_are_not_noted(script, record, lines):
    script.run(READ, lines=lines)
    assert noted(record) == []


def test_rows_that_are_too_long_or_too_short_are_read_as_ever(script):
    lines = ["file,animal", "1.png,dog,extra", "2.png"]
    assert script.run(READ, lines=lines)["rows"] == ["dog", None]


@given(st.lists(st.text(alphabet="aAbB \t", max_size=3), max_size=30))
def test_a_spelling_leads_to_a_commoner_one_of_the_same_word(words):
    counts = Counter(words)
    for odd, first in tables.one_spelling(counts).items():
        assert odd.casefold().split() == first.casefold().split()
        assert counts[odd] <= counts[first]
        assert first not in tables.one_spelling(counts)

import glob
import os
from pathlib import Path

import pytest

from regraft.diagnose.agent import listing

NAMES = [f"scan_{n}.png" for n in range(1, 14)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    paths = ((Path, name) for name in ("glob", "rglob", "iterdir"))
    for module, name in ((os, "listdir"), (glob, "glob"), *paths):
        monkeypatch.setattr(module, name, getattr(module, name))  # undoes what `hook` does
    listing.hook()
    place = tmp_path / "scans"
    place.mkdir()
    for name in NAMES:
        (place / name).touch()
    return place


SORTINGS = {
    "sorted": "import os\nfiles = sorted(os.listdir(folder))",
    "of a pattern": "import glob\nfiles = sorted(glob.glob(f'{folder}/*.png'))",
    "in place": "import os\nfiles = os.listdir(folder)\n\nfiles.sort()",
    "paths": "from pathlib import Path\nfiles = sorted(Path(folder).iterdir())",
    "as they come": "from pathlib import Path\nfiles = list(Path(folder).glob('*.png'))",
    "of all folders": "from pathlib import Path\nfiles = list(Path(folder).rglob('*.png'))",
    "backwards": "files = sorted(names, reverse=True)",
}


@pytest.mark.parametrize("source", SORTINGS.values(), ids=SORTINGS)
def test_names_in_the_order_of_text_are_noted_and_put_in_order(script, record, folder, source):
    line = len(source.splitlines())
    names = script.run(source, folder=str(folder), names=NAMES)
    found = [Path(file).name for file in names["files"]]
    assert sorted(found) == sorted(NAMES)
    assert found != NAMES
    event = [event for event in record.events if event["what"] == "file-order"][-1]
    assert event["site"]["line"] == line
    assert event["details"]["n"] == len(NAMES)
    assert event["details"]["by_number"] == NAMES[:3]

    repair = ("order-by-number", script.at(line))
    names = script.run(source, repair, folder=str(folder), names=NAMES)
    assert [Path(file).name for file in names["files"]] == NAMES


ALIKE = {
    "few": "files = sorted(names[:9])",
    "padded": "files = sorted(f'scan_{n:03d}.png' for n in range(20))",
    "by number already": "files = sorted(names, key=lambda name: int(name[5:-4]))",
    "no files": "files = sorted(f'class {n}' for n in range(20))",
    "numbers": "files = sorted([3, 1, 2] * 9)",
    "a function of that name": "def sorted(x):\n    return x[:1]\nfiles = sorted(names)",
}


@pytest.mark.parametrize("source", ALIKE.values(), ids=ALIKE)
def test_other_lists_are_left_alone(script, record, source):
    plain = {"names": NAMES}
    exec(source, plain)
    assert script.run(source, names=list(NAMES))["files"] == plain["files"]
    assert not [event for event in record.events if event["what"] == "file-order"]


@pytest.fixture
def given(script, monkeypatch):
    """Labels 1 to 13, by the numbers of the names, for names in the order of text."""

    def ask(names, *repairs, values=tuple(range(1, 14))):
        source = "labels = given(names, values, here)"
        found = script.run(source, *repairs, given=listing.given_by_number, names=names,
                           values=values, here=script.at(1))  # fmt: skip
        return list(found["labels"])

    return ask


def test_labels_by_number_for_files_by_text(given, script, record):
    names = sorted(NAMES)
    assert given(names) == list(range(1, 14))
    (event,) = (event for event in record.events if event["what"] == "file-order")
    assert event["details"] == {"n": 13, "first": names[:3], "by_number": NAMES[:3]}
    repaired = given(names, ("order-by-number", script.at(1)))
    assert [f"scan_{label}.png" for label in repaired] == names


def test_labels_for_files_of_which_text_and_number_agree(given, record):
    assert given([f"scan_{n:02d}.png" for n in range(1, 14)]) == list(range(1, 14))
    assert given(sorted(NAMES), values=(1, 2)) == [1, 2]  # Keras says what is wrong
    assert record.events == []

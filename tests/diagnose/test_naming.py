import os
from pathlib import PurePath

import pytest

from regraft.diagnose.agent import naming

FILES = [f"/data/{station}/{n:04}.png" for station in ("north", "south") for n in range(3)]
TAKEN = {
    "stem": "from pathlib import Path\nnames = [Path(file).stem for file in files]",
    "name": "from pathlib import Path\nnames = [Path(file).name for file in files]",
    "basename": "import os\nnames = [os.path.basename(file) for file in files]",
}


@pytest.fixture(autouse=True)
def hooked(monkeypatch):
    for name in ("stem", "name"):
        monkeypatch.setattr(PurePath, name, getattr(PurePath, name))  # undoes what `hook` does
    monkeypatch.setattr(os.path, "basename", os.path.basename)
    monkeypatch.setattr(naming, "_SEEN", {})
    naming.hook()


@pytest.mark.parametrize("source", TAKEN.values(), ids=TAKEN)
def test_files_of_several_folders_with_one_name_are_noted_and_told_apart(script, record, source):
    plain = script.run(source, files=FILES * 2)["names"]
    assert len(set(plain)) == 3
    (event,) = [event for event in record.events if event["what"] == "short-name"]
    assert event["site"]["line"] == 2
    assert (event["details"]["n"], event["details"]["shared"]) == (6, 6)
    assert event["details"]["folders"] == ["north", "south"]
    apart = script.run(source, ("names-with-folders", {}), files=FILES)["names"]
    assert len(set(apart)) == 6
    assert apart[0].startswith("north/0000")


@pytest.mark.parametrize("files", [["/data/train/cats", "/data/val/cats"], ["0001.png", "2.png"]])
def test_folders_and_names_without_one_stay_as_they_are(script, record, files):
    names = script.run(TAKEN["name"], ("names-with-folders", {}), files=files)["names"]
    assert names == [file.split("/")[-1] for file in files]
    assert [event for event in record.events if event["details"].get("shared")] == []

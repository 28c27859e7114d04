"""Only pipes and links in a temporary folder: nothing here may name a real device."""

import os
import subprocess
import sys
import threading

import pytest

from regraft.errors import InvalidArgumentError
from regraft.storage import (
    atomic_file,
    atomic_folder,
    remove_folder,
    require_writable,
    write_json,
)


def write(path, content=b"new"):
    with atomic_file(path) as file:
        file.write(content)


def interrupted(path):
    with atomic_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_pipe_is_written_into_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_json(pipe, {"a": 1})
    reader.join(timeout=10)
    assert received == [b'{\n  "a": 1\n}\n']
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_standard_output_keeps_what_is_printed_before_and_after(tmp_path):
    out = tmp_path / "out.txt"
    code = (
        "from pathlib import Path\n"
        "from regraft.storage import write_json\n"
        "print('before', flush=True)\n"
        f"write_json(Path({str(tmp_path / 'link')!r}), 1)\n"
        "print('after')\n"
    )
    (tmp_path / "link").symlink_to("/proc/self/fd/1")
    with out.open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert out.read_text() == "before\n1\nafter\n"


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    link.symlink_to(target)
    for content in (b"new", b"newer"):  # to a file that is not there yet, and to one that is
        write(link, content)
        assert link.is_symlink()
        assert target.read_bytes() == content
    with pytest.raises(KeyboardInterrupt):
        interrupted(link)
    assert target.read_bytes() == b"newer"
    assert list(target.parent.iterdir()) == [target]


def test_new_files_and_folders_are_as_private_as_the_user_wants(tmp_path, umask):
    write(tmp_path / "file")
    with atomic_folder(tmp_path / "folder"):
        pass
    assert mode(tmp_path / "file") == 0o640
    assert mode(tmp_path / "folder") == 0o750


def test_a_private_file_stays_private(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write(path)
    assert mode(path) == 0o600
    assert path.read_bytes() == b"new"


def test_a_folder_is_gone_at_once(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"x")

    def kill(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("regraft.storage.shutil.rmtree", kill)
    with pytest.raises(KeyboardInterrupt):
        remove_folder(folder)
    assert not folder.exists()


def test_a_folder_that_is_not_there_is_no_error(tmp_path):
    remove_folder(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_others_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InvalidArgumentError, match="cannot be written"):
        require_writable(tmp_path / "new", option="--out")


def test_a_file_in_the_way_is_refused_with_the_option_that_named_it(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidArgumentError, match=r"a file. Name another with --json"):
        require_writable(tmp_path / "file" / "new", option="--json")
    require_writable(tmp_path / "a" / "b", option="--json")

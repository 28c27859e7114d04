"""Writes of a replayed script, in processes of their own: what they leave on the real disk."""

import json
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"

START = """
import errno, json, os, subprocess, sys
from pathlib import Path
from regraft.diagnose.agent import isolate

scratch, shared, place = (Path(p) for p in sys.argv[1:4])
os.chdir(place)
try:
    isolate.overlay_everything(scratch, shared)
except OSError as error:
    if error.errno == errno.EINVAL:
        raise
    print(json.dumps({"not permitted": str(error)}))
    sys.exit()
seen = {}
"""


@pytest.fixture
def rooms(tmp_path):
    """Folders as a replay has them: scratch and shared; and one of the user's, with files."""
    for name in ("scratch", "shared", "project"):
        (tmp_path / name).mkdir()
    project = tmp_path / "project"
    (project / "model.bin").write_text("precious")
    (project / "old.txt").write_text("old")
    (project / "data").mkdir()
    (project / "data" / "a.csv").write_text("1,2")
    return tmp_path


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def in_child(rooms, code, start=START, place=None):
    command = [sys.executable, "-c", f"{start}\n{code}\nprint(json.dumps(seen))"]
    folders = [rooms / "scratch", rooms / "shared", place or rooms / "project"]
    done = subprocess.run(
        [*command, *map(str, folders)],
        capture_output=True, text=True, timeout=120, check=False,
        env={"PYTHONPATH": str(SOURCE), "HOME": str(Path.home()), "PATH": "/usr/bin:/bin",
             "HDF5_USE_FILE_LOCKING": "FALSE"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    if "not permitted" in seen:
        pytest.skip(f"private mounts are not permitted here: {seen['not permitted']}")
    return seen


CHANGES = {
    "a write over a file": ("Path('model.bin').write_text('new')", "Path('model.bin').read_text()"),
    "an appended line": ("open('old.txt', 'a').write('er')", "Path('old.txt').read_text()"),
    "a new file": ("Path('new.txt').write_text('n')", "Path('new.txt').read_text()"),
    "a new folder": ("Path('out/run').mkdir(parents=True)", "Path('out/run').is_dir()"),
    "a rename": (
        "os.rename('old.txt', 'newer.txt')",
        "(Path('newer.txt').read_text(), Path('old.txt').exists())",
    ),
    "a rename of a folder": (
        "import shutil; shutil.move('data', 'moved')",
        "(Path('moved/a.csv').read_text(), Path('data').exists())",
    ),
    "a removed file": ("os.remove('model.bin')", "Path('model.bin').exists()"),
    "a removed folder": ("import shutil; shutil.rmtree('data')", "Path('data').exists()"),
    "a cut": ("os.truncate('model.bin', 3)", "Path('model.bin').read_text()"),
    "a changed mode": ("os.chmod('model.bin', 0o400)", "os.stat('model.bin').st_mode & 0o777"),
    "h5py": (
        "import h5py; f = h5py.File('model.bin', 'w'); f['a'] = [1, 2]; f.close()",
        "h5py.File('model.bin', 'r')['a'][:].tolist()",
    ),
    "a sub-process": (
        "subprocess.run('echo over > model.bin; rm old.txt', shell=True, check=True)",
        "(Path('model.bin').read_text(), Path('old.txt').exists())",
    ),
}
READ_BACK = {
    "a write over a file": "new", "an appended line": "older", "a new file": "n",
    "a new folder": True, "a rename": ["old", False], "a rename of a folder": ["1,2", False],
    "a removed file": False, "a removed folder": False, "a cut": "pre", "a changed mode": 0o400,
    "h5py": [1, 2], "a sub-process": ["over\n", False],
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_the_files_of_the_user_stay(rooms, name):
    before = contents(rooms / "project")
    change, look = CHANGES[name]
    seen = in_child(rooms, f"{change}\nseen['back'] = {look}")
    assert seen["back"] == READ_BACK[name]
    assert contents(rooms / "project") == before
    assert (rooms / "project" / "model.bin").stat().st_mode & 0o777 != 0o400


def test_home_the_working_folder_and_tmp_are_all_covered(rooms):
    name = f"regraft-test-{uuid.uuid4().hex}"
    places = [rooms / "project", Path.home(), Path(tempfile.gettempdir())]
    code = f"""
for place in {[str(p) for p in places]!r}:
    path = Path(place) / {name!r}
    path.write_text("here")
    seen[place] = path.read_text()
"""
    seen = in_child(rooms, code)
    assert set(seen.values()) == {"here"}
    assert not any((place / name).exists() for place in places)


def test_shared_memory_and_run_are_covered(rooms):
    name = f"regraft-test-{uuid.uuid4().hex}"
    code = f"""
from multiprocessing import Queue, shared_memory
block = shared_memory.SharedMemory(create=True, size=8)
Queue().put(1)  # a semaphore is in shared memory too
for place in ("/dev/shm", "/run"):
    (Path(place) / {name!r}).write_text("here")
seen["block"] = Path("/dev/shm", block.name).exists()
block.unlink()
"""
    assert in_child(rooms, code)["block"]
    assert not any(Path(place, name).exists() for place in ("/dev/shm", "/run"))


@pytest.mark.parametrize("change", ["Path(name).write_text('x')", "os.mkdir(name)"])
def test_the_root_folder_is_covered(rooms, change):
    name = f"regraft-test-{uuid.uuid4().hex}"
    code = f"name = {name!r}\n{change}\nseen['there'] = Path('/', name).exists()"
    assert in_child(rooms, code, place=Path("/"))["there"]
    assert not Path("/", name).exists()


# in namespaces of its own owner, mounts cannot be parted from what lies over them, even by root
AS_ANYONE = """
import ctypes, os
from pathlib import Path

libc = ctypes.CDLL(None)
owner = os.getuid(), os.getgid()
# a disk of another owner's, mounted below the project
is_permitted = (
    libc.unshare(0x00020000) == 0
    and libc.mount(b"none", b"/", None, 16384 | 1 << 18, None) == 0
    and libc.mount(b"tmpfs", DISK, b"tmpfs", 0, None) == 0
)
if is_permitted:
    Path(os.fsdecode(DISK), "data.csv").write_text("1,2")
    disk = os.open(os.fsdecode(DISK) + "/data.csv", os.O_RDONLY)
if not is_permitted or libc.unshare(0x10020000) != 0:
    print('{"not permitted": "mounts and namespaces"}')
    raise SystemExit
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"0 {owner[0]} 1")
Path("/proc/self/gid_map").write_text(f"0 {owner[1]} 1")
"""


def test_without_privileges_too(rooms):
    (rooms / "project" / "disk").mkdir()
    before = contents(rooms / "project")
    name = f"regraft-test-{uuid.uuid4().hex}"
    code = f"""
Path("disk/data.csv").write_text("new")
for place in ("/", "/run", "/dev/shm"):
    (Path(place) / {name!r}).write_text("here")
seen["back"] = Path("disk/data.csv").read_text()
seen["beside"] = sorted(os.listdir())
seen["real"] = os.read(disk, 9).decode()
(shared / "run.json").write_text("kept")
"""
    disk = str(rooms / "project" / "disk").encode()
    seen = in_child(rooms, code, start=f"DISK = {disk!r}{AS_ANYONE}{START}")
    assert seen == {
        "back": "new", "real": "1,2", "beside": ["data", "disk", "model.bin", "old.txt"],
    }  # fmt: skip
    assert contents(rooms / "project") == before
    assert (rooms / "shared" / "run.json").read_text() == "kept"
    assert not any(Path(place, name).exists() for place in ("/", "/run", "/dev/shm"))


def test_what_is_shared_is_written_for_real(rooms):
    in_child(rooms, "(shared / 'run.json').write_text('kept')")
    assert (rooms / "shared" / "run.json").read_text() == "kept"


def test_links_are_not_a_way_out(rooms):
    (rooms / "elsewhere").mkdir()
    (rooms / "elsewhere" / "weights.bin").write_text("precious")
    (rooms / "project" / "link").symlink_to(rooms / "elsewhere")
    in_child(rooms, "Path('link/weights.bin').write_text('x'); os.remove('link/weights.bin')")
    assert (rooms / "elsewhere" / "weights.bin").read_text() == "precious"


GUARD = """
import json, os, subprocess, sys
from pathlib import Path
from regraft.diagnose.agent import guard

scratch, shared, place = (Path(p) for p in sys.argv[1:4])
os.chdir(place)
guard.refuse_changes(scratch, shared)
seen = {}
def attempt(name, change):
    try:
        change()
        seen[name] = "done"
    except PermissionError as error:
        seen[name] = "refused" if guard.is_refusal(error) else str(error)
"""

REFUSED = {
    "write": "lambda: Path('model.bin').write_text('x')",
    "append": "lambda: open('old.txt', 'a')",
    "update": "lambda: open('old.txt', 'r+b')",
    "low level": "lambda: os.open('new.txt', os.O_CREAT | os.O_WRONLY)",
    "remove": "lambda: os.remove('old.txt')",
    "rename": "lambda: os.rename('old.txt', 'newer.txt')",
    "rename into scratch": "lambda: os.rename('old.txt', scratch / 'newer.txt')",
    "new folder": "lambda: os.mkdir('out')",
    "removed folder": "lambda: __import__('shutil').rmtree('data')",
    "cut": "lambda: os.truncate('model.bin', 0)",
    "link": "lambda: os.symlink('old.txt', 'link')",
    "mode": "lambda: os.chmod('model.bin', 0o400)",
    "home": "lambda: (Path.home() / 'regraft-guard-test').write_text('x')",
    "beside scratch": "lambda: Path(str(scratch) + '-2').write_text('x')",
}
ALLOWED = {
    "read": "lambda: Path('model.bin').read_text()",
    "list": "lambda: os.listdir('.')",
    "scratch": "lambda: (scratch / 'a').write_text('x')",
    "shared": "lambda: (shared / 'a').write_text('x')",
    "nowhere": "lambda: open(os.devnull, 'w').write('x')",
    "temporary": "lambda: __import__('tempfile').NamedTemporaryFile(delete=False).write(b'x')",
    "import": "lambda: __import__('colorsys')",
}


def test_the_guard_refuses_changes_and_nothing_else(rooms):
    before = contents(rooms / "project")
    attempts = "\n".join(f"attempt({n!r}, {c})" for n, c in (REFUSED | ALLOWED).items())
    seen = in_child(rooms, attempts, start=GUARD)
    assert {name for name, answer in seen.items() if answer == "refused"} == set(REFUSED)
    assert contents(rooms / "project") == before
    assert (rooms / "shared" / "a").read_text() == "x"

"""Fixtures every stage may use."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# scripts as users write them: tests run them in processes of their own, nothing imports them
collect_ignore_glob = ["planted/*/*.py"]

SHARED = Path(__file__).parents[2] / "shared"


STARTED = time.monotonic()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stop-after",
        type=float,
        metavar="MINUTES",
        help="skip what has not begun by then, in an order that mixes all kinds",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--stop-after") is not None:
        items.sort(key=lambda item: hashlib.sha256(item.nodeid.encode()).digest())


def pytest_runtest_setup(item: pytest.Item) -> None:
    minutes = item.config.getoption("--stop-after")
    if minutes is not None and time.monotonic() - STARTED > 60 * minutes:
        pytest.skip(f"not begun within the {minutes:g} minutes of --stop-after")


@pytest.fixture(scope="session")
def shared_offline() -> Path:
    """The folder with real weights and pictures, where it is at hand."""
    folder = SHARED / "offline"
    if not folder.is_dir():
        pytest.skip("needs ../shared/offline (real weights and pictures), which is not here")
    return folder


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep cached features out of the user's folders, for child processes too."""
    before = os.environ.get("REGRAFT_CACHE")
    os.environ["REGRAFT_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["REGRAFT_CACHE"]
    else:
        os.environ["REGRAFT_CACHE"] = before


class Listener:
    """Remembers what it is told."""

    def __init__(self):
        self.notes, self.steps = [], []

    def note(self, text):
        self.notes.append(text)

    def advance(self, stage, done, total):
        self.steps.append((stage, done, total))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)

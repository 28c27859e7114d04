"""Running commands as a shell would, without starting a process for each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from regraft.cli import main

CLASSES = ("bright", "dark & [odd] name")


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def regraft(monkeypatch, capsys, tmp_path):
    """Runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments) -> Outcome:
        monkeypatch.setattr("sys.argv", ["regraft", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exited:
            main()
        streams = capsys.readouterr()
        return Outcome(status=exited.value.code or 0, out=streams.out, err=streams.err)

    return run


def write_pictures(folder: Path, *, n: int = 12, seed: int = 0) -> Path:
    """Two classes that any features tell apart, n different pictures each."""
    generator = np.random.default_rng(seed)
    for name, low in zip(CLASSES, (160, 0), strict=True):
        (folder / name).mkdir(parents=True)
        for number in range(n):
            pixels = generator.integers(low, low + 90, (20, 24, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path / "pictures")


@pytest.fixture(scope="session")
def fitted(tmp_path_factory):
    """A folder of pictures and an artefact fitted on it."""
    from regraft.pipeline import fit

    base = tmp_path_factory.mktemp("fitted")
    data = write_pictures(base / "pictures")
    result = fit(
        data,
        size=32,
        tap="block2a_project_bn",
        grid=2,
        runtime="tensorflow",
        out=base / "artefact",
    )
    return data, result.artefact

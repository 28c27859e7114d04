"""Makes `small_scripts` importable (test folders are no packages), and runs code as a user's."""

import builtins
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from regraft.diagnose.agent import interventions, ledger, operators, rewrite, scoring, sites

sys.path.insert(0, str(Path(__file__).parent))

BUNDLED = Path(__file__).parents[2] / "src" / "regraft" / "data" / "bundled" / "digits.npz"


@pytest.fixture(scope="session")
def digits() -> dict[str, np.ndarray]:
    """Real pictures of digits: x_train, y_train, x_test, y_test, (n, 28, 28) bytes."""
    with np.load(BUNDLED) as held:
        return dict(held)


@pytest.fixture
def record(tmp_path, monkeypatch) -> ledger.Recorder:
    """The state of the agent as at the start of a replay: nothing recorded, nothing repaired."""
    fresh = ledger.Recorder(tmp_path / "record")
    monkeypatch.setattr(ledger, "RECORD", fresh)
    monkeypatch.setattr(interventions, "ACTIVE", interventions.Interventions())
    monkeypatch.setattr(scoring, "_PREDICTIONS", [])
    monkeypatch.setattr(scoring, "_TALLIES", {})
    monkeypatch.setattr(scoring, "_COMPARED", [])
    monkeypatch.setattr(scoring, "_PAIRS", {})
    monkeypatch.setattr(scoring, "_awaited", False)
    monkeypatch.setattr(scoring, "_argmaxed", 0)
    monkeypatch.setattr(sites, "USER_FILES", set())
    monkeypatch.setattr(builtins, rewrite.GATE, operators, raising=False)
    return fresh


class UserCode:
    """A script of the user's that can be run under repairs."""

    def __init__(self, path: Path, monkeypatch) -> None:
        self.path = path
        self._monkeypatch = monkeypatch

    def at(self, line: int, **parameters) -> dict:
        """Parameters of a repair that is keyed to this line."""
        return {"file": str(self.path), "line": line, **parameters}

    def run(self, source: str, *repairs: tuple[str, dict], sizes=None, **names) -> dict:
        """Run it with these names defined; what it has defined at the end."""
        self.path.write_text(textwrap.dedent(source), encoding="utf-8")
        wanted = [{"kind": kind, "parameters": parameters} for kind, parameters in repairs]
        active = interventions.Interventions(wanted)
        self._monkeypatch.setattr(interventions, "ACTIVE", active)
        names["__name__"] = "__main__"
        exec(rewrite.compile_user_file(self.path, sizes or {}), names)
        return names


@pytest.fixture
def script(record, tmp_path, monkeypatch) -> UserCode:
    """A place for a user's script."""
    return UserCode(tmp_path / "train.py", monkeypatch)

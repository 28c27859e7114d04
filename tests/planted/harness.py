"""Lay out planted scripts in a folder of their own and put the command to them.

A case is a folder with `faulty.py`, `healthy.py` and `disguised.py` (or `.ipynb`), a
`case.json`, and whatever the scripts import or read. Where a `prepare.py` stands beside them
it runs first, in the working folder, with the variant as its argument: it makes the data,
and in cases whose fault lies in the data it makes them sound for ``healthy``.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

CASES = Path(__file__).parent
ROOT = CASES.parents[1]
OFFLINE = ROOT.parent / "shared" / "offline"
DIGITS = ROOT / "src" / "regraft" / "data" / "bundled" / "digits.npz"
VARIANTS = ("faulty", "disguised", "healthy")
SOUND = ("healthy_only", "guides")  # folders of scripts without a fault
PREPARE_SECONDS = 120
SPARE_SECONDS = 180  # beyond the budget, before a diagnosis counts as hung

Variant = Literal["faulty", "disguised", "healthy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A planted fault, or (family "") a script without one."""

    name: str
    folder: Path
    family: str
    also_ok: tuple[str, ...]
    invisible_in_source: bool
    needs: str  # "bundled" or "shared"
    fault: str
    measured: Mapping[str, float]  # validation accuracy the scripts themselves report
    scripts: Mapping[str, Path]  # by variant
    prepare: Path | None
    exits: tuple[int, ...] = (0,)  # what the command may return for a sound script

    @property
    def families(self) -> frozenset[str]:
        return frozenset({self.family, *self.also_ok})


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """What the command said."""

    exit_code: int
    report: Mapping[str, Any]
    errors: str  # standard error

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(finding["family"] for finding in self.report.get("findings", ()))


def load_cases() -> tuple[Case, ...]:
    """Read every planted fault, by name."""
    return tuple(_load(path.parent) for path in sorted(CASES.glob("*/case.json")))


def load_sound() -> tuple[Case, ...]:
    """Read the scripts that have no fault; their only variant is "healthy"."""
    found = []
    for folder in (CASES / name for name in SOUND):
        for slug, facts in json.loads((folder / "cases.json").read_text()).items():
            found.append(
                Case(
                    name=f"{folder.name}/{slug}",
                    folder=folder,
                    family="",
                    also_ok=(),
                    invisible_in_source=False,
                    needs=facts["needs"],
                    fault="",
                    measured=facts.get("measured", {}),
                    scripts={"healthy": _script(folder, slug)},
                    prepare=folder / facts["prepare"] if "prepare" in facts else None,
                    exits=tuple(facts.get("exits", (0,))),
                )
            )
    return tuple(found)


def is_at_hand(case: Case) -> bool:
    """Tell whether this machine has the pictures and weights the case needs."""
    return DIGITS.is_file() if case.needs == "bundled" else OFFLINE.is_dir()


def prepare(
    case: Case, variant: Variant, tmp_path: Path, *, digits: Path = DIGITS
) -> tuple[Path, dict[str, str]]:
    """Lay the case out in `tmp_path`; return the script and the environment to run it in."""
    env = _environment(case)
    own = {*case.scripts.values(), case.folder / "case.json", case.folder / "prepare.py"}
    if case.family:
        for path in sorted(case.folder.iterdir()):
            if path.is_file() and path not in own:
                shutil.copy2(path, tmp_path / path.name)
    if digits.is_file():
        shutil.copy2(digits, tmp_path / "digits.npz")
    if case.needs == "shared":
        pictures = OFFLINE / "images" / "dogs_cats"
        (tmp_path / "pictures").symlink_to(pictures, target_is_directory=True)
        env["PICTURES"] = str(pictures)
    if case.prepare is not None:
        subprocess.run(
            [sys.executable, str(case.prepare), variant],
            cwd=tmp_path,
            env=env,
            check=True,
            timeout=PREPARE_SECONDS,
        )
    source = case.scripts[variant]
    script = tmp_path / f"train{source.suffix}"  # no name that gives the answer away
    shutil.copy2(source, script)
    return script, env


def run_why(script: Path, env: Mapping[str, str], budget: str = "3m") -> Diagnosis:
    """Run `regraft why` on a script that `prepare` laid out."""
    out = script.with_name("why.json")
    command = [sys.executable, "-m", "regraft", "why", str(script)]
    done = subprocess.run(
        [*command, "--budget", budget, "--json", str(out), "--quiet"],
        cwd=script.parent,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=_seconds(budget) + SPARE_SECONDS,
    )
    report = json.loads(out.read_text()) if out.is_file() else {}
    return Diagnosis(exit_code=done.returncode, report=report, errors=done.stderr)


def _load(folder: Path) -> Case:
    facts = json.loads((folder / "case.json").read_text())
    preparation = folder / "prepare.py"
    return Case(
        name=folder.name,
        folder=folder,
        family=facts["family"],
        also_ok=tuple(facts["also_ok"]),
        invisible_in_source=facts["invisible_in_source"],
        needs=facts["needs"],
        fault=facts["fault"],
        measured=facts.get("measured", {}),
        scripts={variant: _script(folder, variant) for variant in VARIANTS},
        prepare=preparation if preparation.is_file() else None,
    )


def _script(folder: Path, stem: str) -> Path:
    notebook = folder / f"{stem}.ipynb"
    return notebook if notebook.is_file() else folder / f"{stem}.py"


def _environment(case: Case) -> dict[str, str]:
    places = [ROOT / "src", *([OFFLINE] if case.needs == "shared" else [])]
    before = [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*map(str, places), *before]),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _seconds(budget: str) -> float:
    return float(budget[:-1]) * {"s": 1, "m": 60, "h": 3600}[budget[-1]]

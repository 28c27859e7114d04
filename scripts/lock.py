"""Write requirements.lock: the exact versions that `make setup` installs.

Takes the versions from the environment it runs in, which must have everything installed, and
keeps only what pyproject.toml asks for, with the `dev` extra, and what those need in turn.

    .venv/bin/python scripts/lock.py
"""

from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[1] / "requirements.lock"
BUILD = "setuptools"  # builds the package itself: installed, but no dependency of anything
HEADER = """\
# The exact versions that `make setup` installs. Made by scripts/lock.py; do not edit.
"""
# TensorFlow's CPU build exists for Linux on x86-64 only; everywhere else `tensorflow` is it.
FAST_CPU = "sys_platform == 'linux' and platform_machine == 'x86_64'"
ELSEWHERE = "sys_platform != 'linux' or platform_machine != 'x86_64'"


def needed(requirement: Requirement, found: set[str]) -> None:
    """Add the names of `requirement` and of all that it needs here to `found`."""
    name = canonicalize_name(requirement.name)
    extras = requirement.extras or {""}
    try:
        children = distribution(name).requires or []
    except PackageNotFoundError:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            raise
        return
    if name in found and not requirement.extras:
        return
    found.add(name)
    for child in map(Requirement, children):
        if child.marker is None or any(child.marker.evaluate({"extra": e}) for e in extras):
            needed(child, found)


def lines() -> list[str]:
    """One pinned requirement a line, sorted by name."""
    names: set[str] = {BUILD}
    needed(Requirement("regraft[dev]"), names)
    names.discard("regraft")
    return [line for name in sorted(names) for line in _pins(name)]


def _pins(name: str) -> list[str]:
    if name == "tensorflow-cpu":
        pin = version(name)
        return [
            f"tensorflow=={pin}; {ELSEWHERE}",
            f"tensorflow-cpu=={pin}; {FAST_CPU}",
        ]
    return [f"{name}=={version(name)}"]


if __name__ == "__main__":
    LOCK.write_text(HEADER + "\n".join(lines()) + "\n")

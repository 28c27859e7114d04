"""Findings with their patches, and the whole repaired script: written, run and measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from regraft.diagnose import recorded
from regraft.diagnose.agent.notebook import encoding_of, newline_of, read_source
from regraft.diagnose.diagnosis import Cause
from regraft.diagnose.evidence import Evidence, Site
from regraft.diagnose.patch import PatchContext, as_diff, patch, patch_what_is_known
from regraft.diagnose.replays import Replayer, Script
from regraft.diagnose.rule import Repair
from regraft.storage import atomic_file

# what notebooks have without an import
DISPLAY = """try:
    from IPython.display import display
except ImportError:
    display = print

"""

Edits = list[tuple[str, Repair | None, tuple[Site, ...]]]


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A repaired script that was run."""

    rules: tuple[str, ...]  # those whose edits are in it
    accuracy: float | None  # None if it was not scored within its time


def with_patches(
    causes: Sequence[Cause], script: Script, evidence: Evidence, input_size: int
) -> list[Cause]:
    """Every cause with the diff that mends it alone, where the edit is known."""
    source = read_source(script.path)
    context = _context(script, evidence, input_size)
    newline = newline_of(script.path)

    def diff(text: str) -> str:
        return as_diff(source, text, script=script.path, newline=newline)

    mended = []
    for cause in causes:
        text = patch(source, _edits(cause), context)
        mended.append(replace(cause, patch=None if text is None else diff(text)))
    return mended


def write_fixed(
    causes: Sequence[Cause],
    script: Script,
    evidence: Evidence,
    *,
    out: Path,
    input_size: int,
    fit_seconds: float,
    seconds: float,
) -> Fixed:
    """Write the script with all known edits to `out`, run it, and measure it.

    Returns:
        What came of it; with no rules where no edit is known: nothing is written then.
    """
    source = read_source(script.path)
    edits = [edit for cause in causes for edit in _edits(cause)]
    text, rules = patch_what_is_known(source, edits, _context(script, evidence, input_size))
    if text is None:
        return Fixed(rules=(), accuracy=None)
    if script.path.suffix == ".ipynb" and "display" in text:
        text = DISPLAY + text
    with atomic_file(out) as file:
        file.write(text.replace("\n", newline_of(script.path)).encode(encoding_of(script.path)))
    folder = script.path.resolve().parent
    with Replayer(replace(script, path=out, folder=folder)) as replayer:
        replay = replayer.run(fit_seconds=fit_seconds, seconds=seconds)
    score = recorded.observed_score(replay) if replay.scores else None
    return Fixed(rules=rules, accuracy=recorded.measured(score) if score is not None else None)


def _edits(cause: Cause) -> Edits:
    if not cause.repairs:
        return [(cause.id, None, cause.where)]
    return [(cause.id, repair, cause.where) for repair in cause.repairs]


def _context(script: Script, evidence: Evidence, input_size: int) -> PatchContext:
    return PatchContext(script=str(script.path.resolve()), evidence=evidence, input_size=input_size)

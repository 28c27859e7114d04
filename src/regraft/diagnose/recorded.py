"""What counts among the trainings and scores that a replay recorded."""

from collections.abc import Mapping
from typing import Any

from regraft.diagnose import evidence as facts
from regraft.diagnose.replays import Replay

Record = Mapping[str, Any]
TRAINING_ROWS = 0.95  # a score on rows that are nearly all trained on is a training score


def observed_score(replay: Replay) -> Record | None:
    """The accuracy the script ends on: its last score that is not of the training rows."""
    scores = [s for s in replay.scores if s.get("n") or s.get("claimed") is not None]
    held_out = [s for s in scores if not is_of_training(s)]
    # what was counted by hand may be something else: it speaks where nothing else does
    sure = [s for s in held_out if not s.get("is_counted")]
    chosen = sure or held_out or scores
    return chosen[-1] if chosen else None


def is_of_training(score: Record) -> bool:
    """Is it a score of rows that were trained on?"""
    return bool(score.get("trained_on", 0.0) >= TRAINING_ROWS)


def measured(score: Record) -> float:
    """The accuracy that holds for a score: measured by us, else as the script computed it."""
    honest = score.get("honest")
    return float(honest if honest is not None else score["claimed"])


def same_score(replay: Replay, like: Record) -> Record | None:
    """The score of another replay that was made at the same place."""
    same = [
        s for s in replay.scores
        if s["by"] == like["by"] and s["site"] and like["site"]
        and s["site"]["line"] == like["site"]["line"] and s["site"]["file"] == like["site"]["file"]
    ]  # fmt: skip
    return same[-1] if same else observed_score(replay)


def main_fit(replay: Replay) -> Record | None:
    """The training behind the score: the last one of the scored model, else the last of all."""
    fits = [f for f in replay.fits if not f.get("unreadable")]
    score = observed_score(replay)
    if score is not None and score.get("fit") is not None:
        fits = [f for f in fits if f["number"] <= score["fit"]] or fits
    elif score is not None and score.get("model"):
        fits = [f for f in fits if f["model"] == score["model"]] or fits
    return fits[-1] if fits else None


def site(value: Record | None) -> facts.Site | None:
    """A recorded site as a record."""
    if not value:
        return None
    return facts.Site(file=value["file"], line=int(value["line"]), code=value.get("code", ""))

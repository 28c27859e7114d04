"""What counts among the trainings and scores that a replay recorded."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from regraft.diagnose import evidence as facts
from regraft.diagnose.replays import Replay

Record = Mapping[str, Any]
GLANCE, GLANCE_SHARE = 64, 4  # pictures of a usual batch, and times as many that were scored
SETTINGS = ("optimizer", "learning_rate", "batch_size", "epochs", "input_size", "loss",
            "trainable_parameters")  # fmt: skip
OF_BASE = ("weights", "n_layers", "n_trainable_layers")
SAME_MIX = 0.95  # of the labels, sorted: two draws of the same rows keep their classes' shares
LEAST_START = 30  # labels in one order: other pictures do not begin with the same
FEW_TRAINED, MOSTLY_TRAINED = 0.05, 0.5  # of the rows that a score is of: trained on
TRAINING_ROWS = 0.95  # a score on rows that are nearly all trained on is a training score


def observed_score(replay: Replay) -> Record | None:
    """The accuracy the script ends on: its last score that is not of the training rows."""
    scores = [s for s in replay.scores if s.get("n") or s.get("claimed") is not None]
    held_out = [s for s in scores if not is_of_training(s)]
    if any(map(is_of_others, held_out)):  # whole data sets are put aside
        held_out = [s for s in held_out if s.get("trained_on", 0.0) < MOSTLY_TRAINED]
    # what was counted by hand may be something else, and a guess or another estimator is there to
    # be compared with: they speak where nothing else does
    sure = [s for s in held_out if not s.get("is_counted") and not s.get("is_aside")]
    most = max((s.get("n") or 0 for s in sure), default=0)
    sure = [s for s in sure if not _is_glance(s, most)]
    chosen = sure or held_out or scores
    if not chosen:
        return None
    return _best_of_compared(_first_of_its_kind(chosen, replay), chosen, replay)


def _best_of_compared(last: Record, scores: list[Record], replay: Replay) -> Record:
    """The last score, or the best where fresh networks with other settings were compared.

    Turns of equal settings are folds, or repetitions: each says as much as the others.
    """
    own = _fit_of(last, replay)
    if own is None or not own.get("is_anew"):
        return last
    turns = [
        (score, fit)
        for score in scores
        if (score["by"], score["site"]) == (last["by"], last["site"])
        and (fit := _fit_of(score, replay)) is not None
        and (fit["site"], fit.get("is_anew")) == (own["site"], True)
    ]
    if len({_settings(fit) for _, fit in turns}) < 2:
        return last
    return max(turns, key=lambda turn: measured(turn[0]))[0]


def _settings(fit: Record) -> tuple[Any, ...]:
    """What turns that compare something differ in, and folds do not."""
    base = fit.get("base") or {}
    return (*(fit.get(name) for name in SETTINGS), *(base.get(name) for name in OF_BASE))


def _fit_of(score: Record, replay: Replay) -> Record | None:
    """The latest training when the score was made."""
    number = score.get("fit")
    if number is None:
        number = score.get("n_fits", 0) - 1
    return next((fit for fit in replay.fits if fit["number"] == number), None)


def _first_of_its_kind(scores: list[Record], replay: Replay) -> Record:
    """The last score, or the one that it is a variation of.

    After a proper score, the same pictures may be scored once more turned, noisy or dark, or
    class by class, to see how the model bears that.
    """
    last = scores[-1]
    if last["by"] == "fit" or (last.get("model") or last.get("who")) is None:
        return last
    alike = [
        score
        for score in scores
        if all(
            score.get(name) == last.get(name)
            for name in ("by", "model", "n_fits", "n_loads", "who")
        )
    ]
    first = next((score for score in alike if _is_variation(last, score, replay)), last)
    return _scored_before(first, last, alike, scores, replay)


def _scored_before(
    first: Record, last: Record, alike: list[Record], scores: list[Record], replay: Replay
) -> Record:
    """The score of another call, where the first of a kind is a variation of that one.

    The same labels scored several times at one place, with several results, are pictures changed
    in several ways.
    """
    turns = [s for s in alike if s["site"] == last["site"] and _is_variation(last, s, replay)]
    if not turns or all(measured(score) == measured(last) for score in turns):
        return first
    at = next(i for i, score in enumerate(scores) if score is turns[0])
    earlier = [
        score
        for score in scores[:at]
        if score["by"] not in ("fit", first["by"])
        and all(score.get(name) == last.get(name) for name in ("model", "n_fits", "n_loads"))
        and _are_of_one_part(score, last, replay)
    ]
    return earlier[-1] if earlier else first


def _are_of_one_part(one: Record, other: Record, replay: Replay) -> bool:
    """Were two scores made with the same labels, or, of many rows, with two draws of them?"""
    here, there = (replay.arrays.get(f"score{s.get('number')}_labels") for s in (one, other))
    if here is None or there is None or len(here) != len(there):
        return False
    return float(np.mean(np.sort(here) == np.sort(there))) >= SAME_MIX


def _is_variation(score: Record, of: Record, replay: Replay) -> bool:
    """Does a score ask about the same labels again, the first of them, or some classes?"""
    here, there = (replay.arrays.get(f"score{s.get('number')}_labels") for s in (score, of))
    if score is of or here is None or there is None:
        return False
    few, many = set(here.tolist()), set(there.tolist())
    is_start = len(here) >= LEAST_START and np.array_equal(here, there[: len(here)])
    return np.array_equal(here, there) or is_start or (few < many and len(here) < len(there))


def _is_glance(score: Record, most: int) -> bool:
    """Is it of a batch that was predicted to look at, beside a score of many more pictures?"""
    n = score.get("n") or 0
    return score["by"] == "predict" and n <= GLANCE and GLANCE_SHARE * n < most


def is_of_others(score: Record) -> bool:
    """Is it a score of rows of which next to none were trained on, by this `fit` or before?"""
    return all(score.get(name, 1.0) < FEW_TRAINED for name in ("trained_on", "trained_on_earlier"))


def is_of_training(score: Record) -> bool:
    """Is it a score of rows that were trained on?"""
    return bool(score.get("trained_on", 0.0) >= TRAINING_ROWS)


def measured(score: Record) -> float:
    """The accuracy that holds for a score: measured by us, else as the script computed it."""
    honest = score.get("honest")
    return float(honest if honest is not None else score["claimed"])


def same_score(replay: Replay, like: Record, of: Replay) -> Record | None:
    """The score of another replay that was made at the same place, and in the same turn there.

    One function may score several parts, each at the same line: counted from the end, as a
    training that stops early leaves out what comes first.

    Args:
        replay: The other one.
        like: The score.
        of: The replay that it is of.
    """
    same, known = _made_at(replay, like), _made_at(of, like)
    if not same:  # where it broke off, the last score there is is of something else
        return observed_score(replay) if replay.status == "done" else None
    turn = next((n for n, score in enumerate(reversed(known), 1) if score is like), 1)
    return same[-min(turn, len(same))]


def _made_at(replay: Replay, like: Record) -> list[Record]:
    return [
        s for s in replay.scores
        if s["by"] == like["by"] and s["site"] and like["site"]
        and s["site"]["line"] == like["site"]["line"] and s["site"]["file"] == like["site"]["file"]
    ]  # fmt: skip


def scored_apart(replay: Replay, score: Record | None) -> str:
    """Under what pictures are kept that were scored after the training, "" where none were.

    They are what the number is about, whatever `fit` was given to validate on.
    """
    if score is None or score["by"] == "fit" or score.get("number") is None:
        return ""
    name = f"score{score['number']}"
    return name if f"{name}_thumbs" in replay.arrays else ""


def main_fit(replay: Replay) -> Record | None:
    """The training behind the score: the last one of the scored model, else the last of all."""
    fits = [f for f in replay.fits if not f.get("unreadable")]
    score = observed_score(replay)
    if score is not None and score.get("fit") is not None:
        fits = [f for f in fits if f["number"] <= score["fit"]] or fits
    elif score is not None and score.get("model"):
        made = score.get("n_fits", len(replay.fits))  # networks of later turns may have its name
        fits = [f for f in fits if f["number"] < made] or fits
        fits = [f for f in fits if f["model"] == score["model"]] or fits
    return fits[-1] if fits else None


def site(value: Record | None) -> facts.Site | None:
    """A recorded site as a record."""
    if not value:
        return None
    return facts.Site(file=value["file"], line=int(value["line"]), code=value.get("code", ""))

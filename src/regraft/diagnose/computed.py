"""What a script computed from its own predictions, and printed: evidence that it may be wrong."""

import numpy as np

from regraft.diagnose import evidence as facts
from regraft.diagnose.probe import accuracy, printed
from regraft.diagnose.recorded import Record, is_of_training, measured, observed_score, site
from regraft.diagnose.replays import Replay

_NOT_KEPT = np.zeros(0)


def order(replay: Replay) -> facts.Order | None:
    """The last comparison by the script of predictions whose own labels are known."""
    for score in reversed(replay.scores):
        where = site(score["site"])
        # of other pictures, or with other labels, than the script paired
        if score.get("is_of_another_split") or score.get("is_relabelled"):
            continue
        known = score.get("honest") is not None and score.get("claimed") is not None
        if score["by"] in ("predict", "sklearn") and known and where and "n_labels" in score:
            return facts.Order(
                site=where,
                claimed=float(score["claimed"]),
                honest=float(score["honest"]),
                n_predictions=int(score["n_predictions"]),
                n_labels=int(score["n_labels"]),
                mistake=str(score.get("mistake", "")),
            )
    return None


def _answers(replay: Replay, score: Record) -> tuple[np.ndarray, np.ndarray]:
    """The classes answered for a score and the true ones, row by row; empty where not kept."""
    classes = replay.arrays.get(f"score{score.get('number')}_classes", _NOT_KEPT)
    truth = replay.arrays.get(f"score{score.get('number')}_labels", _NOT_KEPT)
    return (classes, truth) if len(classes) == len(truth) else (_NOT_KEPT, _NOT_KEPT)


def _impostors(replay: Replay, score: Record) -> dict[str, float]:
    """Numbers that a script may compute by itself from its answers, and call accuracy."""
    classes, truth = _answers(replay, score)
    if not len(classes):
        return {}
    value = accuracy.against_the_rest(classes, truth)
    return {"each class against the rest, averaged": value}


def _of_each_class(replay: Replay, score: Record) -> list[float]:
    """The share of each class's pictures that is answered rightly."""
    classes, truth = _answers(replay, score)
    return [float(np.mean(classes[truth == value] == value)) for value in np.unique(truth)]


def _of_training_pictures(replay: Replay, said: list[printed.Statement]) -> facts.Printed | None:
    """A number said to be of held-out pictures that is of training pictures, where both exist."""
    trained: list[tuple[float, Record]] = []  # accuracies, and where they were computed
    others: list[float] = []
    for score in replay.scores:
        values = [float(score[n]) for n in ("claimed", "honest") if score.get(n) is not None]
        if is_of_training(score):
            trained += [(value, score) for value in values]
        else:
            others += values
    for fit in replay.fits:
        for name, values in fit.get("earlier_accuracies", {}).items():
            others += values if name.startswith("val_") else []
        for name, value in fit.get("numbers", {}).items():
            if name.startswith("val_"):
                others.append(value)
            elif printed.is_accuracy(name):
                trained.append((value, fit))
    held_out = observed_score(replay)
    if held_out is None or is_of_training(held_out):
        return None
    statement = printed.of_training(said, trained=[v for v, _ in trained], held_out=others)
    if statement is None or held_out.get("honest") is None:
        return None
    source = next(record for value, record in trained if statement.is_about(value))
    return facts.Printed(
        text=statement.text, value=statement.value, is_really="the accuracy on training pictures",
        site=site(source["site"]), honest=measured(held_out),
    )  # fmt: skip


def printed_accuracy(replay: Replay) -> facts.Printed | None:
    """Numbers behind the word accuracy, against all that Keras returned to the script."""
    said = printed.statements(replay.output)
    if not said:
        return None
    of_fits = {score.get("fit"): score for score in replay.scores if score.get("by") == "fit"}
    known = [(fit, of_fits.get(fit["number"], {})) for fit in replay.fits]
    known += [(score, score) for score in replay.scores if "numbers" in score]
    known += [
        ({"numbers": impostors, "site": score["site"]}, {"honest": measured(score)})
        for score in replay.scores
        if (impostors := _impostors(replay, score))
    ]
    accuracies = [
        float(score[name])
        for score in replay.scores
        if "batch" not in score
        for name in ("claimed", "honest")
        if score.get(name) is not None
    ]
    # the best epoch may be told, or one class
    for fit in replay.fits:
        for values in fit.get("earlier_accuracies", {}).values():
            accuracies += values
    accuracies += [value for score in replay.scores for value in _of_each_class(replay, score)]
    for source, _ in known:
        numbers = source.get("numbers", {})
        accuracies += [value for name, value in numbers.items() if printed.is_accuracy(name)]
    for source, score in reversed(known):
        wrong = printed.mistaken(said, accuracies=accuracies, others=source.get("numbers", {}))
        if wrong is not None and score.get("honest") is not None:
            statement, name = wrong
            return facts.Printed(
                text=statement.text, value=statement.value, is_really=name,
                site=site(source["site"]), honest=score["honest"],
            )  # fmt: skip
    own = _of_training_pictures(replay, said)
    if own is not None:
        return own
    return facts.Printed(text=said[-1].text, value=said[-1].value)

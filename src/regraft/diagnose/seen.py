"""What the pictures of a replay show: evidence from its samples of them."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from regraft.diagnose import evidence as facts
from regraft.diagnose.probe import excerpts, layouts, neighbours, orders, properties, twins
from regraft.diagnose.probe.accuracy import on_others
from regraft.diagnose.probe.pixels import pixel_stats
from regraft.diagnose.recorded import measured, scored_apart
from regraft.diagnose.replays import Replay

Array = npt.NDArray[Any]
Record = Mapping[str, Any]
AT_CHANCE = 0.1  # of accuracy above it
FEW_TWINS = 0.02  # of the validation pictures: where more have one, they stand out already
KNOWN = 0.95  # of the training rows: twins of others would stay


def pixels(
    replay: Replay, fit: Record, score: Record | None, ledger: facts.Ledger
) -> facts.Pixels | None:
    """Pictures as they reach the model and the backbone; None where no pictures were seen."""
    train, validation = (
        [*_names(replay, fit, part, score), *_keys(fit, f"batch_of_{part}")]
        for part in ("train", "validation")
    )
    # trained on frozen features: the pictures are those the backbone was given
    pictured = [name for name in train if _holds_pictures(replay, name)]
    held = [name for name in validation if _holds_pictures(replay, name)]
    if score is not None and score["by"] in ("predict", "sklearn"):
        held.append("predicted")
    model_train = _stats(replay, *(f"{name}_x" for name in pictured))
    if model_train is None:
        return None
    height, width = _source_size(ledger)
    # what a training changes in front of the backbone, it changed between the two looks
    before = [] if scored_apart(replay, score) else held
    return facts.Pixels(
        source_height=height,
        source_width=width,
        predicted=_stats(replay, "predicted_x"),
        model_train=model_train,
        layout_train=_layout(replay, pictured),
        layout_validation=_layout(replay, held),
        model_validation=_stats(replay, *(f"{name}_x" for name in held)),
        backbone_train=_stats(replay, *(f"{name}_backbone" for name in pictured)),
        backbone_validation=_stats(replay, *(f"{name}_backbone" for name in before)),
    )


def _holds_pictures(replay: Replay, name: str) -> bool:
    """Maps of features are four-dimensional too, with hundreds of channels."""
    x = replay.arrays.get(f"{name}_x", np.zeros(0))
    return x.ndim == 4 and x.shape[-1] in (1, 3)


def _source_size(ledger: facts.Ledger) -> tuple[int, int]:
    """Median size of the picture files the script read, (0, 0) if none were seen."""
    sizes = [size for call in ledger.calls for size in call.details.get("picture_sizes", ())]
    if not sizes:
        return 0, 0
    return int(np.median([s[0] for s in sizes])), int(np.median([s[1] for s in sizes]))


def _stats(replay: Replay, *names: str) -> facts.PixelStats | None:
    for name in names:
        if name in replay.arrays:
            return pixel_stats(replay.arrays[name])
    return None


def _layout(replay: Replay, names: list[str]) -> str:
    name = next((name for name in names if f"{name}_x" in replay.arrays), "")
    return layouts.likely_layout(replay.arrays[f"{name}_x"]) if name else ""


def overlap(replay: Replay, fit: Record, score: Record | None) -> facts.Overlap | None:
    """Validation pictures that training has too, exactly or nearly."""
    if score is None:
        return None
    key = f"fit{fit['number']}"
    train, rows = _train_thumbs(replay, fit)
    name = _thumbs_of(replay, fit, "validation", score)
    if name == _thumbs_of(replay, fit, "train", None):
        name = ""  # of one prediction, and nobody knows which rows are in which part
    validation = replay.arrays[f"{name}_thumbs"] if name else train[:0]
    earlier = float(score.get("trained_on_earlier", 0.0))
    if "exact_overlap" not in {**fit, **score} and not len(validation) and not earlier:
        return None
    first_honest, n_first = _before_it_leaked(replay, score)
    of_fit = 0.0 if scored_apart(replay, score) else fit.get("exact_overlap", 0.0)
    exact = float(score.get("exact_overlap", of_fit))
    pairs = twins.near_twins(train, validation)
    if len(np.unique(pairs[0])) < FEW_TWINS * len(validation):
        pairs = _of_one_picture(replay, _thumbs_of(replay, fit, "train", None), name, pairs)
    validated = np.isin(np.arange(len(validation)), pairs[0])
    leaking = set()
    if exact:
        leaking |= set(replay.arrays.get(f"{key}_leaking_rows", np.zeros(0, int)).tolist())
    if len(rows) == len(train):
        leaking |= set(rows[pairs[1]].tolist())
    honest, n_honest = score.get("without_duplicates"), int(score.get("n_without_duplicates", 0))
    classes = replay.arrays.get(f"score{score.get('number')}_classes", np.zeros(0))
    are_scored = validated.any() and len(classes) == len(validated)
    if honest is None and are_scored:
        labels = replay.arrays[f"score{score['number']}_labels"]
        n_honest = int((~validated).sum())
        honest = on_others(classes == labels, labels, ~validated) if n_honest else None
    asked, dropped = np.zeros(0, int), np.zeros(0, int)
    if are_scored and len(rows) == len(train) >= KNOWN * int(fit["n_train"]):
        asked, twins_of = twins.set_apart(train, validation, pairs)
        dropped = rows[twins_of]
    return facts.Overlap(
        exact=exact,
        near=max(exact, float(np.mean(validated)) if len(validated) else 0.0),
        honest=honest,
        n_honest=n_honest,
        leaking_rows=tuple(sorted(leaking)),
        asked_rows=tuple(asked.tolist()),
        dropped_rows=tuple(sorted(dropped.tolist())),
        earlier=earlier,
        starts_at=float(fit.get("starts_at", math.nan)),
        first_honest=first_honest,
        n_first=n_first,
        leaking_share=len(leaking) / max(int(fit["n_train"]), 1),
        changes_between_passes=bool(
            fit["validation_seen_again"] < 0.9 and not fit["validation_random"]
        ),
    )


def _of_one_picture(
    replay: Replay, train: str, validation: str, pairs: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Pairs of thumbnails, with those of pictures that hold the same pixels at another place."""
    known, asked = (replay.arrays.get(f"{name}_grays") for name in (train, validation))
    if known is None or asked is None:
        return pairs
    more = excerpts.shared(known, asked)
    return np.concatenate([pairs[0], more[0]]), np.concatenate([pairs[1], more[1]])


def _before_it_leaked(replay: Replay, score: Record) -> tuple[float | None, int]:
    """What the same line reached on pictures that no training had seen, and how many these were."""
    for other in reversed(replay.scores):
        is_same = other["by"] == score["by"] and other["site"] == score["site"]
        unseen = not other.get("trained_on", 1.0) and not other.get("trained_on_earlier", 1.0)
        is_known = other.get("honest") is not None or other.get("claimed") is not None
        if is_same and unseen and is_known:
            return measured(other), int(other["n"])
    return None, 0


def association(
    replay: Replay,
    fit: Record,
    score: Record | None,
    train_labels: Array,
    validation_labels: Array,
) -> facts.Association | None:
    """Whether the training pictures tell their labels; if not, whether another order would."""
    seen = None
    for known in _telling(replay, fit, score):  # of a broken backbone, features tell nothing
        given, held_out = (
            _labelled(replay, name, labels)
            for name, labels in zip(known, (train_labels, validation_labels), strict=True)
        )
        if given is None:
            continue
        rows = replay.arrays[f"{known[0]}_rows"]
        found = neighbours.association(*given, rows, held_out)
        if found is not None and known[0].endswith("_thumb"):
            found = dataclasses.replace(found, of_thumbnails=True)
        seen = found if seen is None or _tells(found) else seen
        if _tells(seen):
            return seen
    if seen is None:
        return None
    thumbs, rows = _train_thumbs(replay, fit)
    if len(rows) != len(thumbs) or len(train_labels) != int(fit["n_train"]):
        return seen
    return dataclasses.replace(seen, reordered=orders.likely_order(thumbs, rows, train_labels))


def association_of_estimator(replay: Replay, labels: Array) -> facts.Association | None:
    """The same of the features and labels that another library's estimator was fitted on."""
    features = replay.arrays.get("estimator_features")
    if features is None or features.ndim != 2:
        return None
    rows = replay.arrays["estimator_rows"]
    return neighbours.association(features, labels[rows], rows)


def _tells(seen: facts.Association | None) -> bool:
    return seen is not None and seen.accuracy > seen.chance + AT_CHANCE


def _telling(replay: Replay, fit: Record, score: Record | None) -> list[list[str]]:
    """Under what features of training and validation rows are kept, if any; and thumbnails."""
    kept = [
        [
            f"{_kept_as(replay, _names(replay, fit, part, score), kind)}_{kind}"
            for part in ("train", "validation")
        ]
        for kind in ("feature", "thumb")
    ]
    return [names for names in kept if f"{names[0]}s" in replay.arrays] or kept[1:]


def _labelled(replay: Replay, name: str, labels: Array) -> tuple[Array, Array] | None:
    """Features or thumbnails with the labels of the same rows, where both were kept."""
    features, rows = replay.arrays.get(f"{name}s"), replay.arrays.get(f"{name}_rows")
    if features is None or rows is None or len(rows) != len(features) or not len(rows):
        return None
    return (features, labels[rows]) if rows.max() < len(labels) else None


def augmentation(
    replay: Replay, fit: Record, score: Record | None, ledger: facts.Ledger
) -> facts.Augmentation | None:
    """What changes pictures at random, and what that does to them; None if nothing does."""
    calls = ledger.of("augmentation")
    random = bool(fit["train_random"] or fit["in_model_augmentation"])
    validation_is_random = bool(fit["validation_random"])
    if score is not None and scored_apart(replay, score):
        validation_is_random = bool(score.get("is_random"))
    validation_is_random = validation_is_random or bool(fit.get("random_in_inference"))
    if not calls and not random and not validation_is_random:
        return None
    key = f"fit{fit['number']}_train"
    plain, changed = replay.arrays.get(f"{key}_plain"), replay.arrays.get(f"{key}_augmented")
    ranges = (0.0, 0.0, 0.0, 0.0)
    both: tuple[float, float] | None = None
    kind = ""
    if plain is not None and changed is not None:
        ranges = (*_range(changed), *_range(plain))
        tags = replay.arrays.get(f"{key}_augmented_labels")
        kind = "features" if f"{key}_plain_features" in replay.arrays else "thumbs"
        before, after = (
            replay.arrays.get(f"{key}_{state}_{kind}") for state in ("plain", "augmented")
        )
        if tags is not None and before is not None and after is not None:
            both = neighbours.transfer(before, tags, after)
    return facts.Augmentation(
        sites=calls,
        train_is_random=random,
        validation_is_random=validation_is_random,
        low=ranges[0],
        high=ranges[1],
        plain_low=ranges[2],
        plain_high=ranges[3],
        plain_accuracy=both[0] if both else None,
        augmented_accuracy=both[1] if both else None,
        by_network=kind == "features",
    )


def shift(
    replay: Replay,
    fit: Record,
    score: Record | None,
    train_labels: Array,
    validation_labels: Array,
) -> facts.Shift | None:
    """How different validation pictures, or features of them, are from those of training."""
    for kind in ("thumb", "feature"):
        parts = [
            _kept_of(replay, _names(replay, fit, part, score), kind, labels)
            for part, labels in (("train", train_labels), ("validation", validation_labels))
        ]
        if parts[0] is None or parts[1] is None:
            continue
        told = neighbours.shift(*parts[0], *parts[1])
        if told is None:
            return None
        told = dataclasses.replace(told, is_of_scored=bool(scored_apart(replay, score)))
        if kind == "feature":
            return told
        told_by, by_one = _told_by_one(replay, fit, score)
        near = twins.twins_within(parts[1][0])
        return dataclasses.replace(told, told_by=told_by, by_one=by_one, twins=near)
    return None


def _kept_of(
    replay: Replay, names: list[str], kind: str, labels: Array
) -> tuple[Array, Array] | None:
    """Thumbnails or features of a part, by the first name they go by, and their labels."""
    return _labelled(replay, f"{_kept_as(replay, names, kind)}_{kind}", labels)


def _kept_as(replay: Replay, names: list[str], kind: str) -> str:
    """The first of these names that something of this kind is kept under, "" where none is."""
    return next((name for name in names if f"{name}_{kind}s" in replay.arrays), "")


def _told_by_one(replay: Replay, fit: Record, score: Record | None) -> tuple[str, float]:
    """The property of whole pictures that differs most between the parts."""
    parts = []
    for part in ("train", "validation"):
        names = _names(replay, fit, part, score)
        pictured = [name for name in names if _holds_pictures(replay, name)]
        if not pictured:
            return "", 0.5
        x = replay.arrays[f"{pictured[0]}_x"]
        # features are predicted from pictures whose labels nobody knows yet
        parts.append((x, replay.arrays.get(f"{pictured[0]}_y", np.zeros(len(x), int))))
    (train, of_train), (validation, of_validation) = parts
    a, b = neighbours.same_mix(of_train, of_validation)
    return properties.telling(train[a], validation[b]) if len(a) else ("", 0.5)


def _range(values: Array) -> tuple[float, float]:
    low, high = np.percentile(values.astype(np.float32), (0.1, 99.9))
    return float(low), float(high)


def _thumbs_of(replay: Replay, fit: Record, part: str, score: Record | None) -> str:
    """What the thumbnails of this part are of, "" where there are none."""
    return _kept_as(replay, _names(replay, fit, part, score), "thumb")


def _names(replay: Replay, fit: Record, part: str, score: Record | None) -> list[str]:
    """Under what the pictures of a part may be kept: those that the score is about, if any are."""
    own = f"fit{fit['number']}_{part}"
    names = [own, f"{own}_linked", *_keys(fit, f"features_of_{part}")]
    if part == "validation" and score is not None and score.get("number") is not None:
        scored = [f"score{score['number']}", f"score{score['number']}_linked"]
        return scored if scored_apart(replay, score) else [*names, *scored]
    return names


def _train_thumbs(replay: Replay, fit: Record) -> tuple[Array, Array]:
    """Thumbnails of training pictures, and where these are among all."""
    name = _thumbs_of(replay, fit, "train", None)
    thumbs = replay.arrays[f"{name}_thumbs"] if name else np.zeros((0, 1), np.float16)
    return thumbs, replay.arrays.get(f"{name}_thumb_rows", np.arange(len(thumbs)))


def _keys(fit: Record, name: str) -> list[str]:
    return [fit[name]] if fit.get(name) else []

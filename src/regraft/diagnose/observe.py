"""From what a replay recorded to the evidence that rules judge."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from regraft.backbones import table
from regraft.diagnose import computed, seen
from regraft.diagnose import evidence as facts
from regraft.diagnose.conventions import CONVENTIONS, of_spec, without_rescaling
from regraft.diagnose.failure import failure
from regraft.diagnose.probe import accuracy, labels
from regraft.diagnose.recorded import (
    Record,
    is_of_others,
    is_of_training,
    main_fit,
    measured,
    observed_score,
    scored_apart,
    site,
)
from regraft.diagnose.replays import Replay

LEAST_ELSEWHERE = 100  # pictures: an accuracy of 0.9 is then known to 0.06
Array = npt.NDArray[Any]
Answer = TypeVar("Answer")
Ask = Callable[..., Any]  # runs a probe, and tells of one that breaks


def observe(replay: Replay, *, failed: Callable[[str], None] = lambda _: None) -> facts.Evidence:
    """Assemble everything one unrepaired replay shows.

    Args:
        replay: The run.
        failed: Told, in a line, of a probe that broke; its evidence is then missing.
    """

    def ask(what: str, probe: Callable[..., Answer], *arguments: Any) -> Answer | None:
        try:
            return probe(*arguments)
        except Exception as error:  # noqa: BLE001 - one broken probe must not end the diagnosis
            failed(failure(what, error))
            return None

    ledger = _ledger(replay)
    fit = main_fit(replay)
    score = observed_score(replay)
    if fit is None:
        return _of_frozen_features(replay, ledger, score, ask)
    both = _label_arrays(replay, fit, score)
    train_labels, validation_labels = both
    return facts.Evidence(
        ledger=ledger,
        pixels=ask("pixels", seen.pixels, replay, fit, score, ledger),
        backbone=ask("backbone", _backbone, fit),
        output=ask("output", _output, replay, fit, train_labels, validation_labels),
        labels=ask("labels", _labels, fit, ledger, train_labels, validation_labels),
        training=ask("training", _training, replay, fit, ledger),
        accuracy=ask("accuracy", _accuracy, replay, fit, score, train_labels),
        overlap=ask("overlap", seen.overlap, replay, fit, score),
        association=ask("association", seen.association, replay, fit, score, *both),
        augmentation=ask("augmentation", seen.augmentation, replay, fit, score, ledger),
        order=ask("order", computed.order, replay),
        shift=ask("shift", seen.shift, replay, fit, score, *both),
        printed_accuracy=ask("printed accuracy", computed.printed_accuracy, replay),
        keras_version=str(replay.record.get("facts", {}).get("keras_version", "")),
    )


def _of_frozen_features(
    replay: Replay, ledger: facts.Ledger, score: Record | None, ask: Ask
) -> facts.Evidence:
    """Of a head that another library fits on frozen predictions, pictures and backbone are seen."""
    given = replay.record.get("facts", {}).get("pictures", ())
    if not given:
        return facts.Evidence(ledger=ledger, order=computed.order(replay))
    fit = {
        "number": -1, "base": given[0]["base"],
        "features_of_train": given[0]["key"], "features_of_validation": given[-1]["key"],
    }  # fmt: skip
    classes = replay.arrays.get("estimator_labels", np.zeros(0, np.int64))
    return facts.Evidence(
        ledger=ledger,
        pixels=ask("pixels", seen.pixels, replay, fit, score, ledger),
        backbone=ask("backbone", _backbone, fit),
        labels=ask("labels", _labels_of_estimator, replay, score),
        accuracy=ask("accuracy", _accuracy, replay, fit, score, classes),
        association=ask("association", seen.association_of_estimator, replay, classes),
        order=ask("order", computed.order, replay),
        overlap=ask("overlap", _overlap_of_estimator, replay, fit, score, classes),
    )


def _labels_of_estimator(replay: Replay, score: Record | None) -> facts.Labels | None:
    """The labels that another library's estimator was fitted to, and those it was scored by."""
    number = None if score is None else score.get("number")
    train = replay.arrays.get("estimator_raw_labels")
    validation = replay.arrays.get(f"score{number}_labels")
    if train is None or validation is None:
        return None
    return labels.labels(
        train, validation, batch_size=1, shuffled=True, train_names=(), validation_names=()
    )


def _overlap_of_estimator(
    replay: Replay, fit: Record, score: Record | None, labels: Array
) -> facts.Overlap | None:
    """Pictures in both parts: of two predictions, or of one whose rows were parted afterwards."""
    if fit["features_of_train"] == fit["features_of_validation"]:
        replay, fit = _parted(replay, fit)
    thumbs = [
        replay.arrays.get(f"{fit[f'features_of_{part}']}_thumbs", np.zeros((0, 1)))
        for part in ("train", "validation")
    ]
    if score is None or [len(part) for part in thumbs] != [len(labels), score.get("n")]:
        return None
    known = {"n_train": len(labels), "validation_seen_again": 1.0, "validation_random": False}
    return seen.overlap(replay, {**fit, **known}, score)


def _parted(replay: Replay, fit: Record) -> tuple[Replay, Record]:
    """Thumbnails of one prediction as two, by the rows that were fitted and those answered."""
    arrays, done = dict(replay.arrays), replay.record.get("facts", {})
    key = fit["features_of_train"]
    kept = {row: n for n, row in enumerate(arrays.get(f"{key}_thumb_rows", np.zeros(0)).tolist())}
    for part, what in (("train", "estimator"), ("validation", "answered")):
        rows = arrays.get(f"{what}_positions", np.zeros(0, np.int64)).tolist()
        if done.get(f"{what}_of") == key and rows and all(row in kept for row in rows):
            arrays[f"parted_{part}_thumbs"] = arrays[f"{key}_thumbs"][[kept[row] for row in rows]]
    names = {f"features_of_{part}": f"parted_{part}" for part in ("train", "validation")}
    return dataclasses.replace(replay, arrays=arrays), {**fit, **names}


def _ledger(replay: Replay) -> facts.Ledger:
    calls = []
    for event in replay.record.get("events", []):
        where = site(event["site"])
        if where is not None:
            calls.append(facts.Call(what=event["what"], site=where, details=event["details"]))
    return facts.Ledger(calls=tuple(calls))


def _backbone(fit: Record) -> facts.Backbone | None:
    base = fit.get("base")
    if not base:
        return None
    row = next((r for r in table.BACKBONES if r.builder.endswith(f":{base['name']}")), None)
    if row is None:
        return None
    pixels = row.pixels
    if pixels.rescales_inside and not base.get("rescales", True):
        pixels = without_rescaling(row.name)
    wanted = of_spec(pixels)
    convention = next(name for name, affine in CONVENTIONS.items() if affine == wanted)
    return facts.Backbone(
        name=row.name,
        convention=convention,
        rescales_inside=pixels.rescales_inside,
        site=site(base["site"]),
        weights=base["weights"],
        looks_random=base["looks_random"],
        input_height=int(base["input_height"]),
        input_width=int(base["input_width"]),
        last_map=(int(base["last_map"][0]), int(base["last_map"][1])),
        n_layers=base["n_layers"],
        n_trainable_layers=base["n_trainable_layers"],
        n_batchnorm=base["n_batchnorm"],
        n_batchnorm_trainable=base["n_batchnorm_trainable"],
        called_with_training=base["called_with_training"],
        weight_change=float(fit.get("weight_change", 0.0)),
        statistics_change=float(fit.get("statistics_change", 0.0)),
    )


def _label_arrays(replay: Replay, fit: Record, score: Record | None) -> tuple[Array, Array]:
    key = f"fit{fit['number']}"
    empty = np.zeros(0, np.int64)
    train = replay.arrays.get(f"{key}_train_labels", empty)
    names = [f"{key}_validation_labels"]
    if score is not None and score.get("number") is not None:
        names.insert(0 if scored_apart(replay, score) else 1, f"score{score['number']}_labels")
    validation = next((replay.arrays[n] for n in names if n in replay.arrays), empty)
    return train, validation


def _output(
    replay: Replay, fit: Record, train_labels: Array, validation_labels: Array
) -> facts.Output:
    raw = replay.arrays.get(f"fit{fit['number']}_raw_labels", train_labels)
    both = np.concatenate([train_labels, validation_labels])
    return facts.Output(
        site=site(fit["output_site"]),
        compile_site=site(fit["compile_site"]),
        units=int(fit["units"]),
        activation=fit["activation"],
        loss=fit["loss"],
        from_logits=bool(fit["from_logits"]),
        label_kind=labels.label_kind(raw) if len(raw) else "index",
        n_classes=len(np.unique(both)),
        accuracy_metric=fit.get("accuracy_metric", ""),
        dropout_on_output=bool(fit["dropout_on_output"]),
        narrowest_hidden=int(fit["narrowest_hidden"]),
        narrowest_site=site(fit["narrowest_site"]),
        largest_dropout=float(fit["largest_dropout"]),
        dropout_site=site(fit.get("dropout_site")),
        largest_penalty=float(fit.get("largest_penalty", 0.0)),
        penalty_site=site(fit.get("penalty_site")),
        inner_activation=fit.get("inner_activation", "linear"),
        sharing=tuple(
            facts.Call(what=one["what"], site=where, details=one["details"])
            for one in fit.get("sharing", ())
            if (where := site(one["site"])) is not None
        ),
        passed_over=tuple(str(one) for one in fit.get("passed_over", ())),
    )


def _labels(
    fit: Record, ledger: facts.Ledger, train: Array, validation: Array
) -> facts.Labels | None:
    if not len(train):
        return None
    names = _class_names(ledger)
    return labels.labels(
        train,
        validation,
        batch_size=int(fit["batch_size"]),
        shuffled=bool(fit["shuffle"]),
        train_names=names[0],
        validation_names=names[1],
    )


def _class_names(ledger: facts.Ledger) -> tuple[Sequence[str], Sequence[str]]:
    """Class names of the folders or frames that were opened: training, validation.

    The first named so is of training, or else the first; of the others, the first that numbers its
    classes differently: a folder for the test may do so beside two parts of one folder, which
    cannot.
    """
    found: list[tuple[bool, Sequence[str]]] = []  # is it named so, and its classes
    for call in ledger.calls:
        is_named = "train" in str(call.details.get("directory", "")).rpartition("/")[2].lower()
        if call.what == "image_dataset_from_directory" and call.details.get("class_names"):
            found.append((is_named, call.details["class_names"]))
        elif call.what.startswith("flow_from"):
            indices = call.details.get("class_indices", {})
            found.append((is_named, sorted(indices, key=lambda name: indices[name])))
    if not found:
        return (), ()
    trained, *others = (names for _, names in sorted(found, key=lambda one: not one[0]))
    differing = [names for names in others if labels.renumbered(trained, names)]
    return trained, next(iter([*differing, *others]), ())


def _trained_the_head(earlier: Record, fit: Record) -> bool:
    """Did an earlier training leave the pretrained layers alone, and train this head?"""
    if earlier.get("base"):
        return bool(
            earlier["trainable_parameters"] and not earlier["base"].get("n_trainable_layers")
        )
    # of features that were predicted before, a head alone may have been fitted
    return bool(earlier["trainable_parameters"] == fit["head_parameters"])


def _planned_updates(fit: Record) -> int:
    """As many as the script asks for; where it stops by itself, up to the epoch it stopped at."""
    stops = any("EarlyStopping" in str(callback.get("class")) for callback in fit["callbacks"])
    ran = len(fit.get("losses", []))
    planned, epochs = int(fit["planned_updates"]), int(fit["epochs"])
    return planned * ran // epochs if stops and 0 < ran < epochs else planned


def _training(replay: Replay, fit: Record, ledger: facts.Ledger) -> facts.Training:
    before = [f for f in replay.fits if f["number"] < fit["number"] and not f.get("unreadable")]
    changed = ledger.of("trainable")
    return facts.Training(
        site=site(fit["site"]),
        optimizer=fit["optimizer"],
        learning_rate=float(fit["learning_rate"]),
        mean_learning_rate=float(fit.get("mean_learning_rate", fit["learning_rate"])),
        median_learning_rate=float(fit.get("median_learning_rate", math.nan)),
        highest_learning_rate=float(fit.get("highest_learning_rate", math.nan)),
        learning_rate_site=site(fit["compile_site"]),
        holds=dict(fit.get("holds", {})),
        first_span=tuple(fit["first_span"]) if fit.get("first_span") else None,
        batch_size=int(fit["batch_size"]),
        epochs=int(fit["epochs"]),
        planned_updates=_planned_updates(fit),
        n_train=int(fit["n_train"]),
        n_train_used=int(fit.get("n_train_used", fit["n_train"])),
        shuffle=fit["shuffle"],
        validation=fit["validation"],
        first_loss=_number(fit.get("first_loss")),
        last_loss=_number((fit.get("losses") or [None])[-1]),
        losses=tuple(_number(v) for v in fit.get("losses", [])),
        trainable_parameters=int(fit["trainable_parameters"]),
        head_parameters=int(fit["head_parameters"]),
        unchanged_trainable=int(fit.get("unchanged_trainable", 0)),
        trainable_changed_after_compile=bool(fit["trainable_changed_after_compile"]),
        trainable_changed_in_epoch=fit.get("trainable_changed_in_epoch"),
        trainable_changed_site=changed[-1].site if changed else None,
        mistyped_attributes=ledger.of("attribute"),
        fresh_batchnorm=int(fit["fresh_batchnorm"]),
        may_change_weights_at_end=bool(fit.get("may_change_weights_at_end")),
        fresh_momentum=float(fit.get("fresh_momentum", 0.99)),
        relabelled=fit.get("train_relabelled", 0.0),
        is_random=bool(fit.get("train_random")),
        drifting=tuple(fit.get("drifting", ())),
        class_weights=dict(fit.get("class_weights", {})),
        weightless=float(fit.get("weightless", 0.0)),
        sampled=bool(fit.get("sampled")),
        frozen_was_trained=bool(fit.get("frozen_was_trained")),
        is_head_trained=any(_trained_the_head(f, fit) for f in before),
        callbacks=tuple(
            {**callback, "site": site(callback.get("site"))} for callback in fit["callbacks"]
        ),
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _accuracy(
    replay: Replay, fit: Record, score: Record | None, train_labels: Array
) -> facts.Accuracy | None:
    if score is None:
        return None
    classes = replay.arrays.get(f"score{score.get('number')}_classes")
    truth = replay.arrays.get(f"score{score.get('number')}_labels")
    known = classes is not None and truth is not None and len(truth) > 0
    renamed: tuple[float, tuple[int, ...]] = (measured(score), ())
    majority, balance, n_predicted = 0.0, measured(score), 0
    by_chance = variation = math.nan
    if known and classes is not None and truth is not None:
        renamed = accuracy.best_renaming(classes, truth)
        majority = float(np.unique(truth, return_counts=True)[1].max() / len(truth))
        balance = accuracy.balanced(classes, truth)
        n_predicted = len(np.unique(classes))
        by_chance = accuracy.meeting(classes, truth)
        variation = labels.total_variation(labels.counts(classes), labels.counts(truth))
    n_classes = max(2, len(np.unique(np.concatenate([train_labels, truth if known else []]))))
    return facts.Accuracy(
        validation=measured(score),
        n_validation=int(score.get("n") or 0),
        claimed=score.get("claimed"),
        claimed_by=score["by"],
        train=_number(fit.get("train_accuracy")),
        train_in_training_mode=fit.get("train_accuracy_in_training_mode"),
        chance=1 / n_classes,
        majority=majority,
        balanced=balance,
        predicted_classes=n_predicted,
        relabelled=renamed[0],
        renaming=renamed[1],
        by_transform=dict(score.get("by_transform") or fit.get("by_transform", {})),
        changed_by_batch=fit.get("changed_by_batch"),
        trained_one_reached=_trained_one(replay, score),
        again=_again(score),
        counted=_counted(replay),
        site=site(score["site"]),
        elsewhere=_elsewhere(replay, score),
        by_chance=by_chance,
        variation=variation,
    )


def _elsewhere(replay: Replay, score: Record) -> float:
    """The best accuracy of the same network on other held-out pictures, NaN where there is none."""
    others = [
        measured(other)
        for other in replay.scores
        if other is not score
        and (other.get("n") or 0) >= LEAST_ELSEWHERE
        and other.get("honest") is not None
        and is_of_others(other)
        and other.get("model") == score.get("model")
        and other.get("site") != score.get("site")
    ]
    return max(others, default=math.nan)


def _again(score: Record) -> tuple[float, float, int] | None:
    again = score.get("again")
    return (again["claimed"], again["honest"], again["n"]) if again else None


def _counted(replay: Replay) -> float | None:
    """What a script's own tally of predictions came to, the last one."""
    told = [
        score["claimed"]
        for score in replay.scores
        if score.get("is_counted") and score["by"] == "predict"
        and score.get("claimed") is not None and not is_of_training(score)
    ]  # fmt: skip
    return float(told[-1]) if told else None


def _trained_one(replay: Replay, score: Record) -> float | None:
    """The accuracy that the trained model reached before another one was scored in its place."""
    if score.get("is_trained", True) or score.get("by") == "fit":
        return None
    of_fits = [s for s in replay.scores if s.get("by") == "fit" and s.get("honest") is not None]
    return float(of_fits[-1]["honest"]) if of_fits else None

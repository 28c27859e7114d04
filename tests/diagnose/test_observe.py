import dataclasses
import json
import math

import numpy as np
import pytest

from regraft.diagnose import material, observe, recorded
from regraft.diagnose.agent.boundary import thumbnails
from regraft.diagnose.agent.ledger import Recorder
from regraft.diagnose.replays import Replay


def at(line, code=""):
    return {"file": "train.py", "line": line, "code": code}


def fit(number=0, **changes):
    """The record of a small training that went well."""
    facts = {
        "number": number, "site": at(20), "model": "net", "compile_site": at(18),
        "output_site": at(12), "activation_site": None, "units": 10, "activation": "softmax",
        "loss": "sparse_categorical_crossentropy", "from_logits": False, "dropout_on_output": False,
        "narrowest_hidden": 64, "narrowest_site": at(11), "largest_dropout": 0.0,
        "dropout_site": None, "head_parameters": 5000, "fresh_batchnorm": 0, "optimizer": "adam",
        "learning_rate": 0.001, "batch_size": 32, "epochs": 3, "planned_updates": 60,
        "n_train": 600, "n_train_used": 600, "shuffle": True, "validation": "data",
        "losses": [2.0, 1.0, 0.5], "first_loss": 2.3, "trainable_parameters": 5000,
        "trainable_changed_after_compile": False, "callbacks": [], "train_random": False,
        "validation_random": False, "validation_seen_again": 1.0, "in_model_augmentation": [],
        "train_accuracy": 0.95, "train_accuracy_in_training_mode": 0.94, "base": None,
        "exact_overlap": 0.0, "input_size": 28, "rows": {"train": 600, "validation": 200},
        "sampled": False,
    }  # fmt: skip
    return facts | changes


def score(number=0, by="fit", line=20, **changes):
    facts = {"by": by, "site": at(line), "claimed": 0.8, "honest": 0.75, "n": 200, "fit": None,
             "number": number, "model": "net", "trained_on": 0.0, "trained_on_earlier": 0.0,
             "input_size": 28}  # fmt: skip
    return facts | changes


@pytest.fixture
def arrays(digits):
    x, y = digits["x_train"][:600, ..., None], digits["y_train"][:600].astype(np.int64)
    xv, yv = digits["x_test"][:200, ..., None], digits["y_test"][:200].astype(np.int64)
    wrong = yv.copy()
    wrong[:50] = (wrong[:50] + 1) % 10
    return {
        "fit0_train_x": x, "fit0_train_y": y, "fit0_train_labels": y, "fit0_raw_labels": y,
        "fit0_validation_x": xv, "fit0_validation_y": yv, "fit0_validation_labels": yv,
        "score0_classes": wrong, "score0_labels": yv,
    }  # fmt: skip


@pytest.fixture
def with_thumbs(arrays):
    """What the slower probes look at too."""
    parts = {}
    for part, n in (("train", 400), ("validation", 200)):
        parts[f"fit0_{part}_thumbs"] = thumbnails(arrays[f"fit0_{part}_x"][:n])
        parts[f"fit0_{part}_thumb_rows"] = np.arange(n)
    return arrays | parts


def replay(fits=(), scores=(), events=(), arrays=None, **facts):
    return Replay(
        status="done", seconds=3.0, peak_bytes=0, arrays=arrays or {}, output="",
        record={"fits": list(fits), "scores": list(scores), "events": list(events),
                "facts": facts},
    )  # fmt: skip


def event(what, line, **details):
    return {"what": what, "site": at(line), "details": details}


def test_the_last_score_of_held_out_rows_counts():
    scores = [score(0), score(1, by="evaluate"), score(2, by="evaluate", trained_on=1.0)]
    assert recorded.observed_score(replay(scores=scores))["number"] == 1
    assert recorded.observed_score(replay(scores=scores[2:]))["number"] == 2
    by_hand = {**scores[-1], "is_counted": True, "number": 9}
    assert recorded.observed_score(replay(scores=[*scores, by_hand]))["number"] == 1
    assert recorded.observed_score(replay(scores=[by_hand]))["number"] == 9
    assert recorded.observed_score(replay()) is None
    assert recorded.observed_score(replay(scores=[score(n=0, claimed=None)])) is None


def test_a_whole_data_set_scored_last_is_put_aside():
    scores = [score(0, by="evaluate"), score(1, by="sklearn", line=40, trained_on=0.8)]
    assert recorded.observed_score(replay(scores=scores))["number"] == 0
    assert recorded.observed_score(replay(scores=scores[1:]))["number"] == 1
    scores[0]["trained_on"] = 0.4  # the same leak shows in both
    assert recorded.observed_score(replay(scores=scores))["number"] == 1


@pytest.mark.parametrize(("status", "number"), [("done", 0), ("failed", None)])
def test_a_run_that_broke_off_before_its_score_has_no_other_in_its_place(status, number):
    fitted, scored = score(0), score(1, by="sklearn", line=40)
    arm = dataclasses.replace(replay(scores=[fitted]), status=status)
    found = recorded.same_score(arm, scored, replay(scores=[fitted, scored]))
    assert (found and found["number"]) == number


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (score(1, line=30, honest=0.9), 0.9),
        (score(1, line=30, honest=0.9, trained_on=0.5), None),
        (score(1, line=30, honest=0.9, n=20), None),
        (score(1, line=30, honest=0.9, model="another"), None),
    ],
    ids=["held-out", "partly-trained-on", "few", "another-network"],
)
def test_what_is_reached_on_other_pictures(other, expected):
    last = score(0)
    told = observe._elsewhere(replay(scores=[other, last]), last)
    assert (None if math.isnan(told) else told) == expected


@pytest.mark.parametrize(
    ("labels", "models", "number"),
    [
        pytest.param([[0, 1, 1, 2], [0, 1, 1, 2]], ["net", "net"], 0, id="turned-noisy-or-dark"),
        pytest.param([[0, 1, 1, 2], [1, 1], [2]], ["net"] * 3, 0, id="class-by-class"),
        pytest.param([[0, 1, 1, 2], [2, 1, 0, 1]], ["net", "net"], 1, id="validation-then-test"),
        pytest.param([[0, 1], [1, 0, 1, 0]], ["net", "net"], 1, id="more-pictures"),
        pytest.param([[0, 1, 1] * 40, [0, 1, 1] * 20], ["net"] * 2, 0, id="some-of-them-damaged"),
        pytest.param([[0, 1, 1, 2], [0, 1, 1, 2]], ["a", "b"], 1, id="another-model"),
    ],
)
def test_a_variation_of_a_score_does_not_count(labels, models, number):
    scores = [score(n, by="evaluate", line=30 + n, model=m) for n, m in enumerate(models)]
    arrays = {f"score{n}_labels": np.array(given) for n, given in enumerate(labels)}
    assert recorded.observed_score(replay(scores=scores, arrays=arrays))["number"] == number


def test_pictures_changed_before_predict_are_variations_too():
    scores = [score(n, by="sklearn", line=30, n_loads=0) for n in range(2)]
    arrays = {f"score{n}_labels": np.array([0, 1, 1, 2]) for n in range(2)}
    assert recorded.observed_score(replay(scores=scores, arrays=arrays))["number"] == 0
    fitted = [one | {"model": None, "who": who} for one, who in zip(scores, "ab", strict=True)]
    assert recorded.observed_score(replay(scores=fitted, arrays=arrays))["number"] == 1
    fitted[1]["who"] = "a"  # the same estimator, as it was fitted
    assert recorded.observed_score(replay(scores=fitted, arrays=arrays))["number"] == 0
    scores[1]["n_loads"] = 1  # other weights were read in between
    assert recorded.observed_score(replay(scores=scores, arrays=arrays))["number"] == 1


@pytest.mark.parametrize(
    ("rates", "anew", "number"),
    [
        pytest.param([1e-3, 1e-4, 1e-5], True, 1, id="settings"),
        pytest.param([1e-3, 1e-3, 1e-3], True, 2, id="folds"),
        pytest.param([1e-3, 1e-4, 1e-5], False, 2, id="phases-of-one-network"),
    ],
)
def test_of_settings_that_are_compared_the_best_counts(rates, anew, number):
    fits = [fit(n, learning_rate=rate, is_anew=anew or not n) for n, rate in enumerate(rates)]
    honest = (0.9, 0.95, 0.1)
    scores = [score(n, by="evaluate", line=30, n_fits=n + 1, honest=honest[n]) for n in range(3)]
    compared = replay(fits, scores)
    assert recorded.observed_score(compared)["number"] == number
    assert recorded.main_fit(compared)["number"] == number


@pytest.mark.parametrize(
    ("bases", "number"),
    [
        pytest.param([{"weights": "imagenet"}, {"weights": "none"}], 0, id="pretrained-or-not"),
        pytest.param([{"n_trainable_layers": 0}, {"n_trainable_layers": 9}], 0, id="frozen-or-not"),
        pytest.param([{"weights": "imagenet"}, {"weights": "imagenet"}], 1, id="folds"),
    ],
)
def test_what_is_left_out_for_comparison_is_not_what_a_script_ends_on(bases, number):
    fits = [fit(n, base=base, is_anew=True) for n, base in enumerate(bases)]
    scores = [
        score(n, by="evaluate", line=30, n_fits=n + 1, honest=honest)
        for n, honest in enumerate((0.9, 0.5))
    ]
    assert recorded.observed_score(replay(fits, scores))["number"] == number


@pytest.mark.parametrize(
    ("honest", "others", "number"),
    [((0.97, 0.3, 0.2), 0, 0), ((0.97, 0.3, 0.3), 0, 1), ((0.97, 0.3, 0.2), 2, 1)],
    ids=["turned-in-two-ways", "one-answer", "of-other-pictures"],
)
def test_changed_pictures_are_told_by_their_results(honest, others, number):
    calls = (("evaluate", 20), ("predict", 30), ("predict", 30))
    scores = [
        score(n, by=by, line=line, n_loads=0, honest=honest[n])
        for n, (by, line) in enumerate(calls)
    ]
    arrays = {f"score{n}_labels": np.array([0, 1, 1, 2]) for n in range(3)}
    arrays["score0_labels"] = np.append(arrays["score0_labels"], [3] * others)
    assert recorded.observed_score(replay(scores=scores, arrays=arrays))["number"] == number


def test_the_measured_number_counts_before_the_claimed_one():
    assert recorded.measured(score()) == 0.75
    assert recorded.measured(score(honest=None)) == 0.8


def test_scores_of_two_runs_belong_together_by_where_they_were_made():
    scores = [score(0), score(1, by="evaluate", line=22), score(2, by="evaluate", line=24)]
    other = replay(scores=scores)
    like, elsewhere = score(by="evaluate", line=22), score(by="predict", line=9)
    assert recorded.same_score(other, like, replay(scores=[like]))["number"] == 1
    assert recorded.same_score(other, elsewhere, replay(scores=[elsewhere]))["number"] == 2


def test_of_several_scores_at_one_line_the_one_in_the_same_turn_counts():
    parts = [score(n, by="evaluate", line=22) for n in range(4)]
    before, after = replay(scores=parts), replay(scores=[dict(part) for part in parts[1:]])
    for turn in range(1, 4):
        assert recorded.same_score(after, parts[turn], before)["number"] == turn
    assert recorded.same_score(after, parts[0], before)["number"] == 1  # it has no such turn


def test_pictures_that_were_scored_afterwards_count_before_those_fit_validated(with_thumbs):
    arrays = dict(with_thumbs)
    late = score(3, by="evaluate", line=22, by_transform={"invert": 0.9}, is_random=True)
    for kind in ("x", "thumbs", "thumb_rows"):
        arrays[f"score3_{kind}"] = arrays[f"fit0_validation_{kind}"]
    arrays["score3_labels"] = arrays["fit0_validation_labels"] % 5
    arrays["score3_x"] = 255 - arrays["score3_x"]
    seen = observe.observe(replay([fit()], [score(), late], arrays=arrays))
    assert set(seen.labels.validation_counts) == set("01234")
    assert seen.accuracy.by_transform == {"invert": 0.9}
    assert seen.augmentation.validation_is_random
    assert seen.shift.by_one > 0.99
    before = observe.observe(replay([fit()], [late, score()], arrays=arrays))
    assert len(before.labels.validation_counts) == 10
    assert before.augmentation is None
    assert before.shift.by_one < 0.7


def test_the_fit_behind_the_score():
    fits = [fit(0), fit(1, model="other"), fit(2, unreadable=True)]
    assert recorded.main_fit(replay(fits, [score(fit=0)]))["number"] == 0
    assert recorded.main_fit(replay(fits, [score(fit=None, model="net")]))["number"] == 0
    assert recorded.main_fit(replay(fits, [score(fit=None, model="")]))["number"] == 1
    assert recorded.main_fit(replay(fits[2:])) is None


def test_a_run_without_a_training_shows_its_calls_only():
    evidence = observe.observe(replay(events=[event("numpy.resize", 3, picture_like=True)]))
    (call,) = evidence.ledger.calls
    assert (call.what, call.site.line, call.details) == ("numpy.resize", 3, {"picture_like": True})
    assert evidence.training is None
    assert evidence.pixels is None


def test_everything_of_a_plain_run(with_thumbs):
    arrays = with_thumbs
    evidence = observe.observe(replay([fit()], [score()], arrays=arrays, keras_version="3.15.1"))
    assert evidence.keras_version == "3.15.1"
    assert evidence.backbone is None
    assert evidence.augmentation is None
    assert evidence.order is None
    assert evidence.pixels.model_train.convention == "byte"
    assert evidence.pixels.model_validation.n_images == 200
    assert (evidence.output.units, evidence.output.label_kind) == (10, "index")
    assert evidence.output.n_classes == 10
    assert evidence.labels.train_counts["3"] == int((arrays["fit0_train_labels"] == 3).sum())
    assert evidence.training.losses == (2.0, 1.0, 0.5)
    assert evidence.training.last_loss == 0.5
    assert evidence.accuracy.validation == 0.75
    assert evidence.accuracy.claimed == 0.8
    assert evidence.accuracy.chance == pytest.approx(0.1)
    assert evidence.accuracy.predicted_classes == 10
    assert evidence.accuracy.renaming == ()
    assert evidence.overlap.exact == 0
    assert evidence.overlap.near < 0.02
    assert evidence.association.accuracy > 0.7
    assert 0.3 < evidence.shift.separability < 0.7
    assert evidence.shift.by_one < 0.7
    assert evidence.shift.twins < 0.02


def test_where_features_of_a_broken_backbone_tell_nothing_pictures_may(with_thumbs):
    n = len(with_thumbs["fit0_train_thumbs"])
    noise = np.random.default_rng(0).normal(size=(n, 16)).astype(np.float32)
    dead = {"fit0_train_features": noise, "fit0_train_feature_rows": np.arange(n)}
    evidence = observe.observe(replay([fit()], [score()], arrays=with_thumbs | dead))
    assert evidence.association.accuracy > 0.7


def test_one_prediction_for_both_parts_says_nothing_of_overlap(with_thumbs):
    thumbs = with_thumbs["fit0_train_thumbs"]
    kept = {k: v for k, v in with_thumbs.items() if "_thumb" not in k}
    shared = kept | {"predict0_thumbs": thumbs, "predict0_thumb_rows": np.arange(len(thumbs))}
    of_both = fit(features_of_train="predict0", features_of_validation="predict0")
    evidence = observe.observe(replay([of_both], [score()], arrays=shared))
    assert evidence.overlap is None or evidence.overlap.near < 0.05


def test_pictures_of_another_source_are_told_by_one_property(with_thumbs):
    inverted = 255 - with_thumbs["fit0_validation_x"]
    changed = {"fit0_validation_x": inverted, "fit0_validation_thumbs": thumbnails(inverted)}
    shift = observe.observe(replay([fit()], [score()], arrays=with_thumbs | changed)).shift
    assert shift.separability > 0.95
    assert shift.by_one > 0.95
    assert shift.told_by in ("brightness", "background", "balance of dark and light")


def test_what_was_not_measured_stays_out(arrays):
    few = {name: arrays[name] for name in ("fit0_train_labels", "fit0_train_x")}
    record = fit(losses=[], first_loss=None, train_accuracy=None)
    evidence = observe.observe(replay([record], [], arrays=few))
    assert evidence.accuracy is None
    assert evidence.shift is None
    assert evidence.association is None
    assert np.isnan(evidence.training.last_loss)
    assert evidence.training.losses == ()
    assert evidence.pixels.model_validation is None


def test_one_hot_labels_are_told_by_what_was_given(arrays):
    raw = np.eye(10)[arrays["fit0_train_labels"]]
    evidence = observe.observe(
        replay([fit()], [score()], arrays={**arrays, "fit0_raw_labels": raw})
    )
    assert evidence.output.label_kind == "one-hot"


def test_the_backbone_and_its_own_convention(arrays):
    base = {"name": "VGG16", "site": at(5), "weights": "imagenet", "looks_random": False,
            "input_height": 48, "input_width": 48, "last_map": [1, 1], "n_layers": 13,
            "n_trainable_layers": 0, "n_batchnorm": 0, "n_batchnorm_trainable": 0,
            "called_with_training": None}  # fmt: skip
    evidence = observe.observe(replay([fit(base=base)], [score()], arrays=arrays))
    assert (evidence.backbone.name, evidence.backbone.convention) == ("vgg16", "caffe")
    assert evidence.backbone.last_map == (1, 1)
    unknown = observe.observe(replay([fit(base=base | {"name": "Own"})], [score()], arrays=arrays))
    assert unknown.backbone is None


@pytest.mark.parametrize("shape", [(600, 512), (600, 2, 2, 128)], ids=["pooled", "maps"])
def test_pictures_of_a_head_trained_on_frozen_features(arrays, shape):
    key = "predict0"
    held = dict(arrays)
    held[f"{key}_x"] = held.pop("fit0_train_x")
    held["fit0_train_x"] = np.zeros(shape, np.float32)
    evidence = observe.observe(replay([fit(features_of_train=key)], [score()], arrays=held))
    assert evidence.pixels.model_train.convention == "byte"


@pytest.mark.parametrize("shown", [1, 2], ids=["all", "every other"])
def test_thumbnails_of_frozen_features_belong_to_their_own_rows(arrays, shown):
    held = dict(arrays)
    x, rows = held.pop("fit0_train_x"), np.arange(0, 600, shown)
    held |= {"predict0_x": x, "predict0_thumbs": thumbnails(x)[rows], "predict0_thumb_rows": rows}
    evidence = observe.observe(replay([fit(features_of_train="predict0")], [score()], arrays=held))
    assert evidence.association.accuracy > 0.7


@pytest.mark.parametrize("shuffled", [False, True], ids=["together", "apart"])
def test_labels_of_an_estimator_fitted_on_frozen_features(arrays, shuffled):
    labels = arrays["fit0_train_labels"]
    rows = np.arange(0, 600, 2)
    given = np.random.default_rng(0).permutation(labels) if shuffled else labels
    held = {
        "predict0_x": arrays["fit0_train_x"], "estimator_labels": given, "estimator_rows": rows,
        "estimator_features": thumbnails(arrays["fit0_train_x"])[rows],
    }  # fmt: skip
    pictures = [{"key": "predict0", "base": None}]
    sklearn = score(by="sklearn", number=None)
    evidence = observe.observe(replay([], [sklearn], arrays=held, pictures=pictures))
    assert (evidence.association.accuracy < 0.25) is shuffled
    assert evidence.accuracy.chance == 0.1


@pytest.mark.parametrize("asked_apart", [True, False], ids=["two predictions", "one"])
def test_copies_behind_an_estimator(arrays, asked_apart):
    labels, truth = arrays["fit0_train_labels"], arrays["fit0_validation_labels"].copy()
    pictures = thumbnails(arrays["fit0_train_x"]), thumbnails(arrays["fit0_validation_x"])
    pictures[1][100:], truth[100:] = pictures[0][:100], labels[:100]
    answers = truth.copy()
    answers[:40] = (answers[:40] + 1) % 10  # of the others 0.6 are right, of the copies all
    held = {
        "predict0_x": arrays["fit0_train_x"], "predict0_thumbs": pictures[0],
        "predict1_x": arrays["fit0_validation_x"], "predict1_thumbs": pictures[1],
        "estimator_labels": labels, "score0_classes": answers, "score0_labels": truth,
    }  # fmt: skip
    shown = [{"key": key, "base": None} for key in ("predict0", "predict1")]
    sklearn = score(by="sklearn", claimed=0.8, honest=None)
    given = shown if asked_apart else shown[:1]
    overlap = observe.observe(replay([], [sklearn], arrays=held, pictures=given)).overlap
    assert (overlap is not None) is asked_apart
    if asked_apart:
        assert overlap.near >= 0.5
        assert overlap.honest == pytest.approx(0.6, abs=0.1)


def test_copies_behind_an_estimator_in_one_prediction(arrays):
    labels, truth = arrays["fit0_train_labels"], arrays["fit0_validation_labels"].copy()
    train, scored = thumbnails(arrays["fit0_train_x"]), thumbnails(arrays["fit0_validation_x"])
    scored[100:], truth[100:] = train[:100], labels[:100]
    answers = truth.copy()
    answers[:40] = (answers[:40] + 1) % 10
    n = len(train) + len(scored)
    order = np.random.default_rng(0).permutation(n)  # rows of the prediction, before the split
    thumbs = np.empty((n, train.shape[1]), train.dtype)
    thumbs[order] = np.concatenate([train, scored])
    held = {
        "predict0_x": arrays["fit0_train_x"], "predict0_thumbs": thumbs,
        "predict0_thumb_rows": np.arange(n), "estimator_labels": labels,
        "estimator_positions": order[: len(train)], "answered_positions": order[len(train) :],
        "score0_classes": answers, "score0_labels": truth,
    }  # fmt: skip
    known = replay(
        [], [score(by="sklearn", claimed=0.8, honest=None)], arrays=held,
        pictures=[{"key": "predict0", "base": None}],
        estimator_of="predict0", answered_of="predict0",
    )  # fmt: skip
    overlap = observe.observe(known).overlap
    assert overlap.near >= 0.5
    assert overlap.honest == pytest.approx(0.6, abs=0.1)


def test_a_batch_that_was_predicted_to_look_at_is_not_the_score():
    whole = score(0, by="evaluate", n=400)
    glance, test = (score(1, by="predict", n=n) for n in (25, 150))
    assert recorded.observed_score(replay([fit()], [whole, glance])) is whole
    assert recorded.observed_score(replay([fit()], [whole, test])) is test
    assert recorded.observed_score(replay([fit()], [glance])) is glance


def test_what_the_trained_model_reached_before_another_was_scored(arrays):
    trained, fresh = score(0, honest=0.9), score(1, by="evaluate", honest=0.1, is_trained=False)
    evidence = observe.observe(replay([fit()], [trained, fresh], arrays=arrays))
    assert evidence.accuracy.trained_one_reached == 0.9
    evidence = observe.observe(replay([fit()], [trained], arrays=arrays))
    assert evidence.accuracy.trained_one_reached is None


def test_class_names_of_both_parts():
    calls = [
        event("image_dataset_from_directory", 3, class_names=["cat", "dog"]),
        event("flow_from_directory", 4, class_indices={"dog": 0, "cat": 1}),
    ]
    labels = np.array([0, 1] * 10)
    arrays = {"fit0_train_labels": labels, "fit0_validation_labels": labels}
    evidence = observe.observe(replay([fit()], [score()], calls, arrays))
    assert evidence.labels.train_class_names == ("cat", "dog")
    assert evidence.labels.validation_class_names == ("dog", "cat")


def test_a_folder_that_numbers_its_classes_otherwise_is_told_from_two_that_do_not():
    """Two parts of one folder are opened, and then another for the test."""
    names = [["a", "b", "c"], ["a", "b", "c"], ["a", "c"]]
    calls = [
        event("image_dataset_from_directory", 3 + i, class_names=each)
        for i, each in enumerate(names)
    ]
    labels = np.array([0, 1] * 10)
    arrays = {"fit0_train_labels": labels, "fit0_validation_labels": labels}
    evidence = observe.observe(replay([fit()], [score()], calls, arrays))
    assert evidence.labels.validation_class_names == ("a", "c")
    evidence = observe.observe(replay([fit()], [score()], calls[:2], arrays))
    assert evidence.labels.validation_class_names == ("a", "b", "c")


def test_a_folder_for_the_test_may_be_opened_before_that_of_training():
    given = [("data/test", ["a", "c"]), ("data/train", ["a", "b", "c"])]
    calls = [
        event("image_dataset_from_directory", 3 + i, class_names=names, directory=directory)
        for i, (directory, names) in enumerate(given)
    ]
    labels = np.array([0, 1] * 10)
    arrays = {"fit0_train_labels": labels, "fit0_validation_labels": labels}
    evidence = observe.observe(replay([fit()], [score()], calls, arrays))
    assert evidence.labels.train_class_names == ("a", "b", "c")
    assert evidence.labels.validation_class_names == ("a", "c")


def test_a_training_that_stopped_by_itself_had_planned_no_more():
    stops = [{"class": "EarlyStopping", "site": None}]
    ran = fit(epochs=1000, planned_updates=32_000, callbacks=stops, losses=[1.0, 0.5, 0.4])
    evidence = observe.observe(replay([ran], [score()]))
    assert evidence.training.planned_updates == 96


def test_predictions_compared_with_labels_in_another_order():
    compared = score(1, by="predict", line=30, n_predictions=200, n_labels=200, claimed=0.1,
                     honest=0.9)  # fmt: skip
    order = observe.observe(replay([], [score(), compared])).order
    assert (order.claimed, order.honest, order.site.line) == (0.1, 0.9, 30)


def test_random_pictures_and_their_range(arrays):
    thumbs = thumbnails(arrays["fit0_train_x"][:300])
    x = arrays["fit0_train_x"][:60].astype(np.float32)
    more = {
        "fit0_train_plain": x, "fit0_train_augmented": x * 3,
        "fit0_train_plain_thumbs": thumbs,
        "fit0_train_augmented_thumbs": thumbs,
        "fit0_train_augmented_labels": arrays["fit0_train_labels"][:300],
    }  # fmt: skip
    calls = [event("augmentation", 7, layer="RandomBrightness")]
    run = replay([fit(train_random=True)], [score()], calls, {**arrays, **more})
    augmentation = observe.observe(run).augmentation
    assert augmentation.train_is_random
    assert augmentation.sites[0].site.line == 7
    assert (augmentation.plain_high, augmentation.high) == (255, 765)
    assert augmentation.plain_accuracy == augmentation.augmented_accuracy > 0.6


def test_pictures_to_look_at(arrays):
    before = replay([fit()], [score()], arrays=arrays)
    signed = {**arrays, "fit0_train_x": arrays["fit0_train_x"] / 127.5 - 1}
    shown = material.pictures(before, replay([fit()], [score()], arrays=signed))
    assert shown.as_fed.shape == (8, 28, 28, 3)
    assert shown.as_fed.dtype == np.uint8
    assert np.abs(shown.as_fed.astype(int) - shown.repaired).max() <= 1
    assert shown.labels == tuple(str(v) for v in arrays["fit0_train_y"][:8])
    assert material.pictures(replay(), None) is None


def test_material_is_bytes_whatever_the_convention(arrays):
    unit = {**arrays, "fit0_train_x": arrays["fit0_train_x"] / 255.0}
    got = material.material(replay([fit()], [score()], arrays=unit), None)
    np.testing.assert_array_equal(got.train, arrays["fit0_train_x"])
    np.testing.assert_array_equal(got.validation_labels, arrays["fit0_validation_y"])
    assert got.backbone is None
    dark = {**arrays, "fit0_train_x": arrays["fit0_train_x"] * 1e5}
    assert material.material(replay([fit()], [score()], arrays=dark), None) is None


def test_a_probe_that_breaks_costs_its_evidence_only(arrays, monkeypatch):
    def breaks(*_):
        raise ValueError("too odd\na picture")

    monkeypatch.setattr(observe.seen, "shift", breaks)
    told = []
    evidence = observe.observe(replay([fit()], [score()], arrays=arrays), failed=told.append)
    assert told == ["shift: ValueError: too odd a picture"]
    assert evidence.shift is None
    assert evidence.training is not None


def test_a_probe_of_the_script_that_breaks_is_recorded(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.attempt("overlap", lambda rows: rows[5], [1, 2])
    recorder.attempt("fine", lambda: None)
    recorder.write(status="done")
    written = json.loads((tmp_path / "run.json").read_text())
    assert written["failures"] == ["overlap: IndexError: list index out of range"]


@pytest.mark.parametrize(
    ("weights", "differ"), [({"0": 1.0, "1": 1.0}, False), ({"0": 2.0, "1": 0.5}, True)]
)
def test_classes_that_weigh_differently(arrays, weights, differ):
    run = replay([fit(class_weights=weights)], [score()], arrays=arrays)
    training = observe.observe(run).training
    assert (training.class_weight, dict(training.class_weights)) == (differ, weights)


@pytest.mark.parametrize(
    ("name", "convention"),
    [("MobileNetV3Small", "signed"), ("ConvNeXtTiny", "torch"), ("EfficientNetV2B0", "torch"),
     ("EfficientNetV2S", "signed")],
)  # fmt: skip
def test_a_network_built_without_its_preparing_layers_wants_what_they_would_give(name, convention):
    base = {
        "name": name, "site": at(5), "weights": "imagenet", "looks_random": False,
        "input_height": 224, "input_width": 224, "last_map": (7, 7), "n_layers": 50,
        "n_trainable_layers": 0, "n_batchnorm": 9, "n_batchnorm_trainable": 0,
        "called_with_training": False,
    }  # fmt: skip
    whole = observe._backbone(fit(base=base))
    assert (whole.convention, whole.rescales_inside) == ("byte", True)
    bare = observe._backbone(fit(base=base | {"rescales": False}))
    assert (bare.convention, bare.rescales_inside) == (convention, False)

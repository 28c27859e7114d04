import json

import numpy as np
import pytest
from PIL import Image

import regraft
from regraft.errors import DataError, InvalidArgumentError
from regraft.pipeline import evaluate, fit

from ..conftest import Listener

FAST = {"size": 32, "tap": "block2a_project_bn", "grid": 2, "runtime": "tensorflow"}


def arrays(n=60, seed=0):
    """Gray pictures of two classes that any features tell apart."""
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = generator.integers(0, 90, (n, 16, 16), np.uint8) + (160 * y)[:, None, None].astype(np.uint8)
    return x, y


@pytest.fixture(scope="module")
def data():
    return arrays()


@pytest.fixture(scope="module")
def result(data, tmp_path_factory):
    return fit(data, out=tmp_path_factory.mktemp("runs") / "first", **FAST)


def test_the_result_is_measured_on_pictures_held_out(result, data):
    split = result.split
    parts = [split.train, split.validation, split.test]
    assert sum(map(len, parts)) == len(data[0]) == len(np.unique(np.concatenate(parts)))
    assert result.test_accuracy == 1.0
    assert result.classifier.metrics["test"]["n"] == len(split.test)
    assert result.test_interval[0] < 1.0 == result.test_interval[1]
    assert "test accuracy 1.0000" in repr(result)


def test_the_classifier_predicts_at_once_and_after_loading(result, data):
    x, y = data
    answer = result.classifier.predict(list(x))
    assert np.array_equal(answer.indices, y)
    again = regraft.load(result.artefact).predict(list(x))
    assert again.probabilities.tobytes() == answer.probabilities.tobytes()


def test_scores_are_those_of_the_artefact_itself(result, data):
    """Features are resized in the graph when fitting, and in numpy when predicting."""
    x, y = data
    rows = result.split.test
    direct = result.classifier.predict(list(x[rows])).probabilities
    loss = -np.log(direct[np.arange(len(rows)), y[rows]]).mean()
    assert result.classifier.metrics["test"]["negative_log_likelihood"] == pytest.approx(
        loss, abs=1e-4
    )


def test_the_json_has_no_surprises_for_json(result):
    assert json.loads(json.dumps(result.as_json(), allow_nan=False))["schema"] == 1


def test_the_same_again_starts_from_the_cache_and_is_the_same(result, data, tmp_path):
    listener = Listener()
    again = fit(data, out=tmp_path / "again", progress=listener, **FAST)
    assert "Features: all found in the cache." in listener.notes
    assert not [step for step in listener.steps if step[0] == "extract"]
    x = list(data[0])
    assert (
        again.classifier.predict(x).probabilities.tobytes()
        == result.classifier.predict(x).probabilities.tobytes()
    )
    assert again.classifier.metrics == result.classifier.metrics


def test_the_plan_and_the_forecast_are_told_before_the_work(data, tmp_path):
    listener = Listener()
    fit(arrays(seed=5), out=tmp_path / "told", progress=listener, **FAST)
    assert [note.split(":")[0] for note in listener.notes[:3]] == ["Data", "Plan", "Forecast"]
    assert listener.steps[-1][1:] == (60, 60)


def test_a_budget_too_short_is_told_once(monkeypatch):
    from regraft.pipeline import preparing

    now = iter(range(0, 1000, 6))
    monkeypatch.setattr(preparing.time, "perf_counter", lambda: next(now))
    listener = Listener()
    progress = preparing._extraction_progress(listener, budget=30.0)
    for done in range(1, 20):
        progress(done, 20)
    assert len(listener.notes) == 1
    assert "about 2 minutes" in listener.notes[0]
    assert len(listener.steps) == 19


def test_a_limit_takes_fewer_pictures(data, tmp_path):
    limited = fit(data, limit=30, out=tmp_path / "limited", **FAST)
    assert len(limited.images) == 30
    assert limited.classifier.origin.limit == 30


def test_named_parts_are_kept(tmp_path):
    x, y = arrays()
    extra, extra_y = arrays(n=10, seed=9)
    parts = {"x_train": x, "y_train": y, "x_test": extra, "y_test": extra_y}
    result = fit(parts, out=tmp_path / "parts", **FAST)
    assert result.classifier.metrics["test"]["n"] == 10
    scored = evaluate(result.artefact, parts)
    assert scored.scores["n"] == 10


def test_several_taps_lie_beside_one_another(data, tmp_path):
    options = FAST | {"tap": ("block2a_project_bn", "block3a_project_bn"), "grid": (2, 1)}
    result = fit(data, out=tmp_path / "two", **options)
    assert result.classifier.recipe.n_features == 4 * 24 + 40
    loaded = regraft.load(result.artefact)
    assert np.array_equal(loaded.predict(list(data[0])).indices, data[1])


def test_evaluating_other_data_uses_all_of_it_or_its_test_part(result):
    assert evaluate(result.artefact, arrays(n=20, seed=3)).scores["n"] == 20
    x, y = arrays(n=20, seed=3)
    parts = {"x_train": x, "y_train": y, "x_test": x[:6], "y_test": y[:6]}
    assert evaluate(result.artefact, parts).scores["n"] == 6


def test_a_limit_of_an_evaluation_draws_from_the_held_out_pictures(result, data, tmp_path):
    whole = evaluate(result.artefact, data)
    some = evaluate(result.artefact, data, limit=6)
    assert some.pictures == whole.pictures == "the test pictures held out when it was fitted"
    assert some.scores["n"] == 6 < whole.scores["n"]
    limited = fit(data, limit=30, out=tmp_path / "limited", **FAST)
    assert evaluate(limited.artefact, data).pictures == whole.pictures


def test_pictures_of_one_class_can_be_evaluated(result, data):
    x, y = arrays(n=20, seed=3)
    (only, *_) = np.unique(y)
    assert evaluate(result.artefact, (x[y == only], y[y == only])).scores["n"] == sum(y == only)


def test_evaluating_part_of_the_training_data_is_warned_of(result, data):
    listener = Listener()
    evaluate(result.artefact, (data[0][:40], data[1][:40]), progress=listener)
    assert "flatter" in listener.notes[0]


def test_evaluating_with_fewer_classes_keeps_their_meaning(tmp_path):
    x, _ = arrays()
    third = np.random.default_rng(1).integers(80, 120, (30, 16, 16), np.uint8)
    y = np.array(["dark", "light"] * 30 + ["middle"] * 30)
    result = fit((np.concatenate([x, third]), y), out=tmp_path / "three", **FAST)
    other, labels = arrays(n=20, seed=4)
    scored = evaluate(result.artefact, (other, np.array(["dark", "light"])[labels]))
    assert scored.scores["accuracy"] == 1.0
    assert scored.class_names == ("dark", "light", "middle")


def manifest_of(folder, groups):
    """Sixty pictures in files, in these groups."""
    x, y = arrays()
    lines = ["path,label,group"]
    for row, (picture, label) in enumerate(zip(x, y, strict=True)):
        Image.fromarray(picture).save(folder / f"{row}.png")
        lines.append(f"{row}.png,{label},{groups[row]}")
    manifest = folder / "list.csv"
    manifest.write_text("\n".join(lines))
    return manifest


IN_PAIRS, IN_FOURS = np.arange(60) // 2, np.arange(60) // 4


@pytest.fixture
def grouped(tmp_path):
    manifest = manifest_of(tmp_path, IN_PAIRS)
    return manifest, fit(manifest, out=tmp_path / "grouped", **FAST)


def test_pictures_in_other_groups_are_not_scored_as_held_out(grouped, tmp_path):
    manifest, result = grouped
    scored = evaluate(result.artefact, manifest)
    assert scored.pictures == "the test pictures held out when it was fitted"
    assert scored.scores["n"] == len(result.split.test)
    manifest_of(tmp_path, IN_FOURS)
    with pytest.raises(DataError, match="the groups have changed"):
        evaluate(result.artefact, manifest)


def test_an_artefact_that_does_not_record_its_split_is_believed_and_it_is_said(grouped, tmp_path):
    manifest, result = grouped
    record = result.artefact / "manifest.json"
    facts = json.loads(record.read_text())
    del facts["data"]["test_sha256"]  # as before it was recorded
    record.write_text(json.dumps(facts))
    listener = Listener()
    evaluate(result.artefact, manifest, progress=listener)
    assert any("does not record which pictures were held out" in note for note in listener.notes)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"mode": "magic"}, InvalidArgumentError, id="mode"),
        pytest.param({"grid": 0}, InvalidArgumentError, id="grid"),
        pytest.param({"tap": ()}, InvalidArgumentError, id="no-tap"),
    ],
)
def test_wrong_arguments(data, tmp_path, changes, error):
    with pytest.raises(error, match="expected"):
        fit(data, out=tmp_path / "wrong", **(FAST | changes))
    assert not (tmp_path / "wrong").exists()


def test_too_few_pictures_to_measure_anything(tmp_path):
    x, y = arrays(n=4)
    with pytest.raises(DataError, match="train, validation and test"):
        fit((x, y), out=tmp_path / "few", **FAST)


@pytest.mark.slow
def test_digits_with_the_shipped_backbone_reach_97_percent(tmp_path):
    result = fit("digits", out=tmp_path / "digits", runtime="tensorflow")
    assert result.test_accuracy >= 0.97
    assert max(result.classifier.metrics["floors"].values()) < result.test_accuracy

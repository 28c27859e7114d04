import json
import os
import shutil

import pytest


def test_predict_names_the_class_of_each_picture(regraft, fitted, tmp_path):
    data, artefact = fitted
    bright, dark = (sorted(folder.iterdir())[0] for folder in sorted(data.iterdir()))
    outcome = regraft("predict", artefact, bright, dark, "--json", tmp_path / "answers.json")
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith(str(bright)[:20])
    assert "bright 0." in lines[0] or "bright 1." in lines[0]
    assert "dark & [odd] name" in lines[1]
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert [a["class"] for a in answers["predictions"]] == ["bright", "dark & [odd] name"]
    assert sum(answers["predictions"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_predict_shows_more_classes_on_request(regraft, fitted):
    data, artefact = fitted
    picture = next((data / "bright").iterdir())
    (line,) = regraft("predict", artefact, picture, "--top", "2").out.splitlines()
    assert "bright" in line
    assert "dark" in line


def test_predict_fails_on_a_bad_picture_or_skips_it(regraft, fitted, tmp_path):
    data, artefact = fitted
    good = next((data / "bright").iterdir())
    (tmp_path / "bad.png").write_bytes(b"no picture")
    outcome = regraft("predict", artefact, good, tmp_path / "bad.png")
    assert outcome.status == 2
    assert "bad.png" in outcome.err
    outcome = regraft(
        "predict",
        artefact,
        "bad.png",
        good,
        "--on-bad-image",
        "skip",
        "--quiet",
        "--json",
        "p.json",
    )
    assert outcome.status == 0
    answer, left_out = outcome.out.splitlines()
    assert "bright" in answer
    assert "bad.png: not a JPEG" in left_out
    view = json.loads((tmp_path / "p.json").read_text())
    assert [each["name"] for each in view["left_out"]] == ["bad.png"]
    assert len(view["predictions"]) == 1


def test_predict_with_nothing_that_can_be_read(regraft, fitted, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    outcome = regraft("predict", fitted[1], "bad.png", "--on-bad-image", "skip")
    assert outcome.status == 0
    assert len(outcome.out.splitlines()) == 1


def test_predict_answers_once_an_argument_in_their_order(regraft, fitted, tmp_path):
    data, artefact = fitted
    bright, dark = (sorted(folder.iterdir())[0] for folder in sorted(data.iterdir()))
    asked = [dark, bright, dark, dark]
    outcome = regraft("predict", artefact, *asked, "--json", "answers.json")
    assert len(outcome.out.splitlines()) == 4
    answers = json.loads((tmp_path / "answers.json").read_text())["predictions"]
    assert [answer["picture"] for answer in answers] == list(map(str, asked))
    assert answers[0] == answers[2] == answers[3] != answers[1]


def test_predict_names_a_picture_whose_name_is_no_text(regraft, fitted, tmp_path):
    picture = next((fitted[0] / "bright").iterdir())
    odd = tmp_path / os.fsdecode(b"\xff.png")
    odd.write_bytes(picture.read_bytes())
    outcome = regraft("predict", fitted[1], odd, "--json", "answers.json")
    assert outcome.status == 0, outcome.err
    (answer,) = json.loads((tmp_path / "answers.json").read_text())["predictions"]
    assert answer["picture"].endswith(r"\xff.png")


def test_evaluate_names_what_it_leaves_out(regraft, fitted, tmp_path):
    data, artefact = fitted
    copy = shutil.copytree(data, tmp_path / "copy")
    (copy / "bright" / "broken.png").write_bytes(b"no picture")
    outcome = regraft(
        "evaluate", artefact, copy, "--on-bad-image", "skip", "--quiet", "--json", "e.json"
    )
    assert outcome.status == 0, outcome.err
    assert "1 that cannot be read: bright/broken.png" in outcome.out
    (left_out,) = json.loads((tmp_path / "e.json").read_text())["left_out"]
    assert left_out["name"] == "bright/broken.png"


def test_predict_needs_an_artefact(regraft, tmp_path):
    outcome = regraft("predict", tmp_path, "picture.png")
    assert outcome.status == 2
    assert "manifest.json" in outcome.err


def test_evaluate_scores_what_was_held_out(regraft, fitted, tmp_path):
    data, artefact = fitted
    outcome = regraft("evaluate", artefact, data, "--json", tmp_path / "evaluate.json")
    assert outcome.status == 0, outcome.err
    view = json.loads((tmp_path / "evaluate.json").read_text())
    metrics = json.loads((artefact / "metrics.json").read_text())
    assert view["pictures"] == "the test pictures held out when it was fitted"
    assert view["n"] == metrics["test"]["n"]
    assert view["accuracy"] == metrics["test"]["accuracy"]
    assert "accuracy" in outcome.out


def test_evaluate_refuses_classes_it_does_not_know(regraft, fitted, tmp_path):
    data, artefact = fitted
    other = tmp_path / "other"
    for name in ("bright", "unheard-of"):
        (other / name).mkdir(parents=True)
        for path in sorted((data / "bright").iterdir())[:3]:
            (other / name / path.name).write_bytes(path.read_bytes())
    outcome = regraft("evaluate", artefact, other)
    assert outcome.status == 2
    assert "unheard-of" in outcome.err


def test_backbones_lists_every_row(regraft, tmp_path):
    outcome = regraft("backbones", "--json", tmp_path / "backbones.json")
    view = json.loads((tmp_path / "backbones.json").read_text())
    assert outcome.status == 0
    assert len(outcome.out.splitlines()) >= len(view["backbones"]) + 1
    shipped = next(row for row in view["backbones"] if row["name"] == "efficientnet_lite0")
    assert shipped["at_hand"] is True


def test_backbones_describes_one(regraft):
    outcome = regraft("backbones", "vgg16")
    assert "block3_pool" in outcome.out
    assert regraft("backbones", "vgg61").status == 2


def test_cache_lists_and_clears(regraft, monkeypatch, tmp_path):
    from regraft.features.cache import FeatureCache

    monkeypatch.setenv("REGRAFT_CACHE", str(tmp_path / "cache"))
    import numpy as np

    with FeatureCache().writing({"backbone": "tiny", "tap": "a"}, shape=(2, 3)) as append:
        append(np.zeros((2, 3), np.float32))
    outcome = regraft("cache", "--json", tmp_path / "cache.json")
    assert "1 entries" in outcome.out
    assert "tiny" in outcome.out
    assert len(json.loads((tmp_path / "cache.json").read_text())["entries"]) == 1
    assert "Freed" in regraft("cache", "--clear").out
    assert "0 entries" in regraft("cache").out

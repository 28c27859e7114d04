import json
import os
import urllib.error

import numpy as np
import pytest

FAST = (
    "--size", "32", "--tap", "block2a_project_bn", "--grid", "2", "--runtime", "tensorflow",
)  # fmt: skip


def test_fit_writes_what_it_shows(regraft, pictures, tmp_path):
    outcome = regraft("fit", pictures, *FAST, "--json", tmp_path / "fit.json")
    assert outcome.status == 0, outcome.err
    view = json.loads((tmp_path / "fit.json").read_text())
    assert list(view) == [
        "schema", "test_accuracy", "test_interval", "val_accuracy", "floors", "plan", "seconds",
        "images_per_second", "peak_memory_bytes", "artefact", "left_out", "n", "from_cache",
    ]  # fmt: skip
    assert list(view["plan"]) == [
        "backbone", "size", "taps", "grids", "mode", "runtime", "precision", "weights",
    ]  # fmt: skip
    assert view["schema"] == 1
    assert view["test_accuracy"] == 1.0
    assert view["test_interval"][0] < 1
    assert {"extract", "head", "total"} <= set(view["seconds"])
    assert view["plan"]["taps"] == ["block2a_project_bn"]
    assert (tmp_path / view["artefact"] / "recipe.json").is_file()
    assert f"{view['test_accuracy']:.4f}" in outcome.out
    assert view["artefact"] in outcome.out
    assert "Forecast:" in outcome.err
    assert "extract: 24 of 24" in outcome.err


def test_a_run_is_never_overwritten(regraft, pictures, tmp_path):
    for _ in range(2):
        assert regraft("fit", pictures, *FAST, "--quiet").status == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "pictures-1",
        "pictures-2",
    ]


@pytest.mark.parametrize("mode", ["head", "finetune"])
def test_pictures_may_lie_where_the_runs_go(regraft, pictures, monkeypatch, mode):
    monkeypatch.chdir(pictures)
    asked = ("--mode", mode, "--epochs", "1") if mode == "finetune" else ()
    for _ in range(2):
        outcome = regraft("fit", ".", *FAST, *asked, "--quiet")
        assert outcome.status == 0, outcome.err
    outcome = regraft("evaluate", "runs/pictures-2", ".", "--quiet")
    assert outcome.status == 0, outcome.err
    assert "the test pictures held out" in outcome.out


def test_only_what_was_held_out_of_a_sample_is_scored(regraft, pictures):
    for place in sorted(pictures.iterdir()):
        for number in (3, 7):
            (place / f"{number}.png").write_bytes(b"no picture")
    skip = ("--on-bad-image", "skip", "--quiet")
    outcome = regraft("fit", pictures, *FAST, "--limit", "20", "--out", "a", *skip)
    assert outcome.status == 0, outcome.err
    outcome = regraft("evaluate", "a", pictures, *skip)
    assert outcome.status == 0, outcome.err
    assert "the test pictures held out" in outcome.out


def test_names_too_long_for_any_disk(regraft, pictures):
    outcome = regraft("fit", pictures, *FAST, "--out", "x" * 300)
    assert outcome.status == 2
    assert "File name too long" in outcome.err


def test_paths_that_are_no_utf8(regraft, pictures, tmp_path):
    odd = os.fsdecode(b"caf\xe9")
    pictures.rename(tmp_path / odd)
    options = (*FAST, "--out", f"{odd}-1", "--json", "fit.json", "--quiet")
    outcome = regraft("fit", odd, *options)
    assert outcome.status == 0, outcome.err
    card = (tmp_path / f"{odd}-1" / "README.md").read_text("utf-8")
    assert "caf\\xe9" in card
    assert "caf\\xe9-1" in outcome.out
    assert json.loads((tmp_path / "fit.json").read_text("utf-8"))["artefact"].endswith(f"{odd}-1")
    assert regraft("evaluate", f"{odd}-1", odd, "--quiet").status == 0


def test_quiet_shows_the_result_only(regraft, pictures):
    outcome = regraft("fit", pictures, *FAST, "--quiet")
    assert outcome.err == ""
    assert outcome.out.startswith("test accuracy")


def test_a_bad_picture_is_left_out_on_request(regraft, pictures):
    (pictures / "bright" / "broken.png").write_bytes(b"no picture")
    outcome = regraft(
        "fit", pictures, *FAST, "--on-bad-image", "skip", "--quiet", "--json", "fit.json"
    )
    assert outcome.status == 0
    assert "1 that cannot be read: bright/broken.png: not a JPEG" in outcome.out
    (left_out,) = json.loads((pictures.parent / "fit.json").read_text())["left_out"]
    assert left_out["name"] == "bright/broken.png"
    assert left_out["reason"].startswith("not a JPEG")


def no_folder(pictures):
    return ["fit", pictures / "none"], "not found"


def one_class(pictures):
    return ["fit", pictures.parent / "one"], "two classes"


def one_picture(pictures):
    name = next(path for path in pictures.iterdir())
    for path in sorted(name.iterdir())[1:]:
        path.unlink()
    return ["fit", pictures], "two pictures"


def too_few(pictures):
    for folder in pictures.iterdir():
        for path in sorted(folder.iterdir())[2:]:
            path.unlink()
    return ["fit", pictures], "train, validation and test"


def unreadable(pictures):
    (pictures / "bright" / "broken.png").write_bytes(b"no picture")
    return ["fit", pictures], "broken.png"


def no_labels(pictures):
    manifest = pictures.parent / "list.csv"
    manifest.write_text("path\npictures/bright/0.png\n")
    return ["fit", manifest], "label"


def unknown_backbone(pictures):
    return ["fit", pictures, "--backbone", "vgg61"], "vgg16"


def unknown_tap(pictures):
    return ["fit", pictures, "--tap", "block2a_project"], "block2a_project_bn"


def unknown_runtime(pictures):
    return ["fit", pictures, "--runtime", "tensorflo"], "tensorflow"


def too_small(pictures):
    return ["fit", pictures, "--size", "8"], "at least 32"


def too_fine(pictures):
    return ["fit", pictures, "--size", "32", "--tap", "top_relu", "--grid", "4"], "grid"


def too_many_grids(pictures):
    return ["fit", pictures, "--tap", "top_relu", "--grid", "1,2"], "one a tap"


def no_weights(pictures):
    return ["fit", pictures, "--backbone", "vgg19"], "Put vgg19"


def no_such_weights(pictures):
    return ["fit", pictures, "--weights", pictures / "none.h5"], "none.h5"


def foreign_weights(pictures):
    np.savez(pictures.parent / "foreign.h5", a=1)
    return ["fit", pictures, "--weights", pictures.parent / "foreign.h5.npz"], "foreign"


def existing_out(pictures):
    return ["fit", pictures, "--out", pictures], "does not exist yet"


def odd_budget(pictures):
    return ["fit", pictures, "--budget", "soon"], "duration"


def odd_size(pictures):
    return ["fit", pictures, "--size", "large"], "--size"


BAD_INPUT = [
    no_folder, one_class, one_picture, too_few, unreadable, no_labels, unknown_backbone,
    unknown_tap, unknown_runtime, too_small, too_fine, too_many_grids, no_weights,
    no_such_weights, foreign_weights, existing_out, odd_budget, odd_size,
]  # fmt: skip


@pytest.mark.parametrize("case", BAD_INPUT, ids=lambda case: case.__name__)
def test_bad_input_is_one_line_and_leaves_nothing(regraft, pictures, monkeypatch, tmp_path, case):
    def no_network(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("regraft.backbones.download.fetch", no_network)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("REGRAFT_WEIGHTS", raising=False)
    only = tmp_path / "one" / "class"
    only.mkdir(parents=True)
    for path in (pictures / "bright").iterdir():
        (only / path.name).write_bytes(path.read_bytes())

    arguments, said = case(pictures)
    outcome = regraft(*arguments, "--quiet")
    assert outcome.status == 2, outcome.err
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("regraft: expected ")
    assert "; received " in outcome.err
    assert said in outcome.err
    assert not (tmp_path / "runs").exists()


def test_a_full_disk_is_one_line_and_leaves_nothing(regraft, pictures, monkeypatch, tmp_path):
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 10, 0))
    outcome = regraft("fit", pictures, *FAST, "--seed", "3", "--quiet", "--size", "33")
    assert outcome.status == 2
    assert "MB free" in outcome.err
    assert not (tmp_path / "runs").exists()
